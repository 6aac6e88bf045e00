"""A client of Simple FTP, written from docs/PROTOCOL.md alone, with Python's standard library alone.

    python3 client.py PORT VERB [PATH] [KEY=VALUE ...]

PATH is as people write it (it is encoded here), "" for none. PUT reads the content from standard
input, GET and LIST write to standard output, and the reply goes to standard error.
"""

import contextlib
import re
import select
import socket
import sys
import threading
import time
from collections import deque
from concurrent.futures import Future
from dataclasses import dataclass, field
from urllib.parse import quote, unquote

BLOCK = 262_144
SIGN_OF_LIFE = 5  # seconds between two "~" inside a PUT
SILENCE = 30  # seconds after which the server is taken to be gone

_FIELD = r" [a-z][a-z0-9-]*=(?:[A-Za-z0-9\-._~/,]|%[0-9A-Fa-f]{2})*"
_REPLY = re.compile(rf"([123]\d\d)((?:{_FIELD})*)|([45]\d\d) ([a-z][a-z-]*) ([ -~]*)")
_BLOCK = re.compile(r"\+([1-9]\d{0,5})(?: ([0-9a-f]{16}))?")


@dataclass
class Answer:
    """A final reply, with what came before it."""

    code: int
    fields: dict
    word: str = ""
    message: str = ""
    head: dict = field(default_factory=dict)  # the fields of `150`
    digests: list = field(default_factory=list)  # those of the blocks
    done: list = field(default_factory=list)  # what each `110` told

    @classmethod
    def parse(cls, line):
        found = _REPLY.fullmatch(line)
        if not found:
            raise ValueError(f"not a reply: {line!r}")
        code, fields, failure, word, message = found.groups()
        if failure:
            return cls(int(failure), {}, word, message)
        pairs = (pair.split("=") for pair in fields.split())
        return cls(int(code), {key: unquote(value, errors="strict") for key, value in pairs})

    def __str__(self):
        words = [self.word, self.message] if self.word else map("=".join, self.fields.items())
        return " ".join([str(self.code), *words])


class Client:
    """A connection. A request may be sent before the last is answered: each gives a future."""

    def __init__(self, port, host="127.0.0.1", sign_of_life=SIGN_OF_LIFE):
        self.sign_of_life = sign_of_life
        self._socket = socket.create_connection((host, port))
        self._sending = threading.Lock()
        self._received = bytearray()
        greeting = Future()
        self._pending = deque([(greeting, None, time.monotonic())])
        threading.Thread(target=self._read, daemon=True).start()
        self.greeting = greeting.result()
        if self.greeting.code != 220 or self.greeting.fields.get("protocol") != "1":
            self.close()
            raise ConnectionError(f"no server of protocol 1: {self.greeting}")

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def close(self):
        with contextlib.suppress(OSError):  # the server was faster
            self._socket.shutdown(socket.SHUT_RDWR)
        self._socket.close()

    def request(self, verb, path="", sink=None, **fields):
        """Sends a request without waiting. `sink` is called with each block of the body."""
        line = verb + (" " + quote(path, safe="/,") if path else "")
        for key, value in fields.items():
            line += f" {key}={quote(str(value), safe='/,')}"
        answer = Future()
        self._pending.append((answer, sink, time.monotonic()))
        self._send(line.encode() + b"\n")
        return answer

    def ask(self, *request, **fields):
        """Sends a request and waits for its answer."""
        return self.request(*request, **fields).result()

    def get(self, path):
        content = bytearray()
        return self.ask("GET", path, content.extend), bytes(content)

    def list(self, path="", **fields):
        lines = bytearray()
        return self.ask("LIST", path, lines.extend, **fields), bytes(lines)

    def put(self, path, pieces, digest=None, **fields):
        """Sends a file, without waiting for the answer. A piece `None` or an error cancels it."""
        answer = self.request("PUT", path, **fields)
        over, end, rest = threading.Event(), "ABORT", bytearray()
        threading.Thread(target=self._show_life, args=[over], daemon=True).start()
        try:
            for piece in pieces:
                if piece is None or answer.done():  # done: refused already
                    return answer
                rest += piece
                while len(rest) >= BLOCK:
                    self._send(b"+%d\n%b" % (BLOCK, rest[:BLOCK]))
                    del rest[:BLOCK]
            if rest:
                self._send(b"+%d\n%b" % (len(rest), rest))
            end = f"END digest={digest}" if digest else "END"
            return answer
        finally:
            over.set()
            self._send(end.encode() + b"\n")

    def _show_life(self, over):
        while not over.wait(self.sign_of_life):
            self._send(b"~\n", unless=over)

    def _send(self, data, unless=None):
        with self._sending, contextlib.suppress(OSError):  # the reading thread tells why
            if not (unless and unless.is_set()):
                self._socket.sendall(data)

    def _read(self):
        """The reading thread: settles one future after the other."""
        last = None
        try:
            while True:
                last = self._answer()
                if self._pending:  # otherwise it is a 421 that nobody asked for
                    self._pending.popleft()[0].set_result(last)
                if last.code == 421:
                    raise ConnectionError("the server closes the connection")
        except (OSError, ValueError) as error:
            self._pending, left = _Closed(f"{error}, after {last}"), self._pending
            for answer, *_ in left:
                answer.set_exception(ConnectionError(f"{error}, after {last}"))

    def _answer(self):
        head, digests, done = {}, [], []
        while True:
            line = self._take(b"\n").decode("ascii").removesuffix("\n").removesuffix("\r")
            if block := _BLOCK.fullmatch(line):
                digests.append(block[2])
                data = self._take(int(block[1]))
                if sink := self._pending[0][1]:
                    sink(data)
            elif line != "~":
                answer = Answer.parse(line)
                if answer.code >= 200:
                    answer.head, answer.digests, answer.done = head, digests, done
                    return answer
                if answer.code == 150:
                    head = answer.fields
                elif answer.code == 110:
                    done.append(int(answer.fields["done"]))

    def _take(self, what):
        """The next bytes: so many, or up to a line end."""
        at_line = isinstance(what, bytes)
        while what not in self._received if at_line else len(self._received) < what:
            while not select.select([self._socket], [], [], SILENCE)[0]:
                if self._pending and time.monotonic() - self._pending[0][2] >= SILENCE:
                    raise ConnectionError("the server is silent")
            data = self._socket.recv(BLOCK)
            if not data:
                raise ConnectionError("the server closed the connection")
            self._received += data
        end = self._received.index(what) + 1 if at_line else what
        taken = bytes(self._received[:end])
        del self._received[:end]
        return taken


class _Closed:
    """Stands for the requests of a connection that has ended: none can be added."""

    def __init__(self, why):
        self._why = why

    def append(self, _):
        raise ConnectionError(self._why)


def main(port, verb, path="", *rest):
    fields = dict(pair.split("=", 1) for pair in rest)
    with Client(int(port)) as client:
        if verb.upper() == "PUT":
            pieces = iter(lambda: sys.stdin.buffer.read1(BLOCK), b"")
            answer = client.put(path, pieces, **fields).result()
        else:
            answer = client.ask(verb, path, sys.stdout.buffer.write, **fields)
    print(answer, file=sys.stderr)
    return 0 if answer.code < 300 else 1


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]) if len(sys.argv) > 2 else __doc__)
