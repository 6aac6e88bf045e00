"""A folder that can be told to hang: a file system over another folder, for tests.

    stalling_folder.py BACKING MOUNT     serves until standard input ends
    stalling_folder.py --check           tells whether this machine allows it

It speaks the kernel's FUSE protocol (include/uapi/linux/fuse.h, version 7.31) through /dev/fuse and
needs nothing but Python and the right to mount. Standard input takes one JSON object a line:

    {"do": "stall", "op": OP, "name": NAME, "from": N, "files": N}
        from now on such operations hang: on files of this name, of all where it is left out; at
        this offset or behind it; of so many files, the first that come, of all where left out
    {"do": "slow", "op": OP, "ms": N}    such operations take so long, one after the other
    {"do": "release", "op": OP}
        what hangs is carried out, and nothing hangs any more: of this kind, or of any

OP is open, read, write, fsync, stat, lookup, list, link, rename, create or close; the name is the last
part of a path: for a link the new one, for a rename the old one. Each line is answered by {"event": "done"}; whatever hangs is told by {"event": "held", "op", "name", "offset"}. As on a
mount that can be killed, who waits and is killed gets EINTR: {"event": "interrupted", ...}.
"""

import ctypes
import errno
import json
import os
import select
import stat
import struct
import sys
import tempfile
import time

LIBC = ctypes.CDLL(None, use_errno=True)
MS_NOSUID_NODEV = 2 | 4
MNT_DETACH = 2

ROOT = 1
MAX_WRITE = 1024 * 1024
PAGE = 4096
# What can be asked for in INIT.
ASYNC_READ, BIG_WRITES, MAX_PAGES = 1 << 0, 1 << 5, 1 << 22
# Every read and write of a program is one of ours: nothing is answered from the page cache.
DIRECT_IO = 1
# Which of the values in SETATTR count.
MODE, SIZE, ATIME, MTIME, ATIME_NOW, MTIME_NOW = 1, 8, 16, 32, 128, 256

IN_HEADER = struct.Struct("<IIQQIIIHH")
ATTR = struct.Struct("<QQQqqqIIIIIIIIII")
SETATTR = struct.Struct("<IIQQQqqqIIIIIIII")
IO = struct.Struct("<QQIIQII")
INIT_OUT = struct.Struct("<IIIIHHIIHHII6I")
STATFS_OUT = struct.Struct("<QQQQQIIII6I")

LOOKUP, FORGET, GETATTR, SETATTR_OP, MKDIR, UNLINK, RMDIR = 1, 2, 3, 4, 9, 10, 11
RENAME, LINK, OPEN, READ, WRITE, STATFS, RELEASE = 12, 13, 14, 15, 16, 17, 18
FSYNC, FLUSH, INIT, OPENDIR, READDIR, RELEASEDIR, FSYNCDIR = 20, 25, 26, 27, 28, 29, 30
CREATE, INTERRUPT, DESTROY, BATCH_FORGET = 35, 36, 38, 42

OPS = {
    "open": {OPEN},
    "read": {READ},
    "write": {WRITE},
    "fsync": {FSYNC, FSYNCDIR},
    "stat": {GETATTR},
    "lookup": {LOOKUP},
    "list": {OPENDIR, READDIR},
    "link": {LINK},
    "rename": {RENAME},
    "create": {CREATE},
    "close": {FLUSH},
}
# Where in a request the name of the entry stands, in those that are made of a folder.
ENTRY_AT = {LOOKUP: 0, RENAME: 8, LINK: 8, CREATE: 16}
NAMES = {code: op for op, codes in OPS.items() for code in codes}


def mount(path, fd):
    """Mounts; raises OSError where that is not allowed."""
    options = f"fd={fd},rootmode=40000,user_id={os.getuid()},group_id={os.getgid()},default_permissions"
    if LIBC.mount(b"stalling", path.encode(), b"fuse", MS_NOSUID_NODEV, options.encode()) != 0:
        code = ctypes.get_errno()
        raise OSError(code, f"mount: {os.strerror(code)}")


def unmount(path):
    LIBC.umount2(path.encode(), MNT_DETACH)


class Node:
    """A file or folder that the kernel knows, held by a descriptor that opens nothing (O_PATH)."""

    def __init__(self, fd, name):
        self.fd, self.name, self.lookups = fd, name, 0

    @property
    def path(self):
        return f"/proc/self/fd/{self.fd}"


class Rule:
    def __init__(self, order):
        self.codes = OPS[order["op"]]
        self.name = order.get("name")
        self.start = order.get("from", 0)
        self.files = order.get("files")
        self.bound = set()

    def holds(self, code, nodeid, name, offset):
        if code not in self.codes or offset < self.start or self.name not in (None, name):
            return False
        if self.files is not None and nodeid not in self.bound and len(self.bound) >= self.files:
            return False
        self.bound.add(nodeid)
        return True


class Folder:
    """Carries out what the kernel asks for in the folder behind."""

    def __init__(self, backing):
        root = Node(os.open(backing, os.O_PATH | os.O_DIRECTORY), "")
        self.nodes = {ROOT: root}
        self.ids = {self.key(os.fstat(root.fd)): ROOT}
        self.next_id = ROOT + 1
        self.verbs = {
            LOOKUP: self.lookup, GETATTR: self.getattr, SETATTR_OP: self.setattr, MKDIR: self.mkdir,
            UNLINK: self.unlink, RMDIR: self.rmdir, RENAME: self.rename, LINK: self.link,
            OPEN: self.open, READ: self.read, WRITE: self.write, STATFS: self.statfs,
            RELEASE: self.release, FSYNC: self.fsync, FLUSH: self.nothing, OPENDIR: self.opendir,
            READDIR: self.readdir, RELEASEDIR: self.nothing, FSYNCDIR: self.nothing,
            CREATE: self.create, INIT: self.init,
        }

    @staticmethod
    def key(st):
        return st.st_dev, st.st_ino

    @staticmethod
    def text(data):
        return os.fsdecode(data.split(b"\0")[0])

    @staticmethod
    def attr(st):
        times = (st.st_atime_ns, st.st_mtime_ns, st.st_ctime_ns)
        whole, rest = [t // 10**9 for t in times], [t % 10**9 for t in times]
        return ATTR.pack(st.st_ino, st.st_size, st.st_blocks, *whole, *rest, st.st_mode, st.st_nlink,
                         st.st_uid, st.st_gid, st.st_rdev, PAGE, 0)

    def entry(self, fd, name):
        """Answers with a node; the descriptor is ours to keep or to close."""
        st = os.fstat(fd)
        nodeid = self.ids.get(self.key(st))
        if nodeid is None:
            nodeid, self.next_id = self.next_id, self.next_id + 1
            self.nodes[nodeid] = Node(fd, name)
            self.ids[self.key(st)] = nodeid
        else:
            os.close(fd)
        node = self.nodes[nodeid]
        node.name = name
        node.lookups += 1
        return struct.pack("<QQQQII", nodeid, 0, 0, 0, 0, 0) + self.attr(st)

    def found(self, parent, name):
        return self.entry(os.open(name, os.O_PATH | os.O_NOFOLLOW, dir_fd=parent.fd), name)

    def forget(self, nodeid, lookups):
        node = self.nodes.get(nodeid)
        if node is None or nodeid == ROOT:
            return
        node.lookups -= lookups
        if node.lookups > 0:
            return
        del self.nodes[nodeid], self.ids[self.key(os.fstat(node.fd))]
        os.close(node.fd)

    def init(self, _, data):
        _, _, readahead, flags = struct.unpack_from("<IIII", data)
        flags &= ASYNC_READ | BIG_WRITES | MAX_PAGES
        return INIT_OUT.pack(7, 31, readahead, flags, 64, 48, MAX_WRITE, 1, MAX_WRITE // PAGE, *[0] * 9)

    def lookup(self, parent, data):
        return self.found(parent, self.text(data))

    def getattr(self, node, _):
        return struct.pack("<QII", 0, 0, 0) + self.attr(os.fstat(node.fd))

    def setattr(self, node, data):
        (valid, _, _, size, _, atime, mtime, _, atime_ns, mtime_ns, _, mode, *_) = SETATTR.unpack_from(data)
        if valid & MODE:
            os.chmod(node.path, stat.S_IMODE(mode))
        if valid & SIZE:
            os.truncate(node.path, size)
        if valid & (ATIME | MTIME):
            st = os.fstat(node.fd)
            now = time.time_ns()
            new = [
                now if valid & is_now else whole * 10**9 + rest if valid & given else old
                for given, is_now, whole, rest, old in (
                    (ATIME, ATIME_NOW, atime, atime_ns, st.st_atime_ns),
                    (MTIME, MTIME_NOW, mtime, mtime_ns, st.st_mtime_ns),
                )
            ]
            os.utime(node.path, ns=tuple(new))
        return self.getattr(node, data)

    def mkdir(self, parent, data):
        mode, _ = struct.unpack_from("<II", data)
        name = self.text(data[8:])
        os.mkdir(name, stat.S_IMODE(mode), dir_fd=parent.fd)
        return self.found(parent, name)

    def unlink(self, parent, data):
        os.unlink(self.text(data), dir_fd=parent.fd)

    def rmdir(self, parent, data):
        os.rmdir(self.text(data), dir_fd=parent.fd)

    def rename(self, parent, data):
        target = self.nodes[struct.unpack_from("<Q", data)[0]]
        old, new = (os.fsdecode(name) for name in data[8:].split(b"\0")[:2])
        os.rename(old, new, src_dir_fd=parent.fd, dst_dir_fd=target.fd)

    def link(self, parent, data):
        source = self.nodes[struct.unpack_from("<Q", data)[0]]
        name = self.text(data[8:])
        os.link(source.path, name, dst_dir_fd=parent.fd, follow_symlinks=True)
        return self.found(parent, name)

    def open(self, node, data):
        flags = struct.unpack_from("<I", data)[0] & ~(os.O_NOFOLLOW | os.O_CREAT | os.O_EXCL)
        return struct.pack("<QII", os.open(node.path, flags), DIRECT_IO, 0)

    def create(self, parent, data):
        flags, mode, _, _ = struct.unpack_from("<IIII", data)
        name = self.text(data[16:])
        fd = os.open(name, flags | os.O_CREAT, stat.S_IMODE(mode), dir_fd=parent.fd)
        return self.found(parent, name) + struct.pack("<QII", fd, DIRECT_IO, 0)

    def read(self, _, data):
        fh, offset, size, *_ = IO.unpack_from(data)
        return os.pread(fh, size, offset)

    def write(self, _, data):
        fh, offset, size, *_ = IO.unpack_from(data)
        return struct.pack("<II", os.pwrite(fh, data[IO.size:IO.size + size], offset), 0)

    def release(self, _, data):
        os.close(struct.unpack_from("<Q", data)[0])

    def fsync(self, _, data):
        os.fsync(struct.unpack_from("<Q", data)[0])

    def nothing(self, _, __):
        return b""

    def opendir(self, _, __):
        return struct.pack("<QII", 0, 0, 0)

    def readdir(self, node, data):
        _, offset, size, *_ = IO.unpack_from(data)
        listed = b""
        for at, name in enumerate(sorted(os.listdir(node.path))):
            if at < offset:
                continue
            raw = os.fsencode(name)
            one = struct.pack("<QQII", 2**32 + at, at + 1, len(raw), 0) + raw
            one += b"\0" * (-len(one) % 8)
            if len(listed) + len(one) > size:
                break
            listed += one
        return listed

    def statfs(self, node, _):
        st = os.statvfs(node.path)
        return STATFS_OUT.pack(st.f_blocks, st.f_bfree, st.f_bavail, st.f_files, st.f_ffree, st.f_bsize,
                               st.f_namemax, st.f_frsize, 0, *[0] * 6)


class Disk:
    """Answers the kernel, or lets it wait."""

    def __init__(self, device, backing):
        self.device = device
        self.folder = Folder(backing)
        self.rules = []
        self.held = {}
        self.slow = {}
        self.busy_until = 0.0
        self.due = []

    def answer(self, unique, error, data=b""):
        try:
            os.write(self.device, struct.pack("<IiQ", 16 + len(data), -error, unique) + data)
        except OSError as failed:
            # Who asked has gone meanwhile.
            if failed.errno != errno.ENOENT:
                raise

    def carry_out(self, code, unique, nodeid, data):
        verb = self.folder.verbs.get(code)
        node = self.folder.nodes.get(nodeid)
        if verb is None or (node is None and code != INIT):
            return self.answer(unique, errno.ENOSYS)
        try:
            reply = verb(node, data)
        except OSError as failed:
            return self.answer(unique, failed.errno or errno.EIO)
        self.answer(unique, 0, reply or b"")

    def request(self, raw):
        _, code, unique, nodeid, *_ = IN_HEADER.unpack_from(raw)
        data = raw[IN_HEADER.size:]
        if code == FORGET:
            return self.folder.forget(nodeid, struct.unpack_from("<Q", data)[0])
        if code == BATCH_FORGET:
            for at in range(struct.unpack_from("<I", data)[0]):
                self.folder.forget(*struct.unpack_from("<QQ", data, 8 + 16 * at))
            return None
        if code == INTERRUPT:
            return self.interrupt(struct.unpack_from("<Q", data)[0])
        request = (code, unique, nodeid, data)
        where = self.where(*request)
        if any(rule.holds(code, nodeid, where["name"], where["offset"]) for rule in self.rules):
            self.held[unique] = request
            return tell(event="held", **where)
        if code in self.slow:
            self.busy_until = max(self.busy_until, time.monotonic()) + self.slow[code]
            return self.due.append((self.busy_until, request))
        return self.carry_out(*request)

    def where(self, code, _, nodeid, data):
        node = self.folder.nodes.get(nodeid)
        if code in ENTRY_AT:
            name = Folder.text(data[ENTRY_AT[code]:])
        else:
            name = node.name if node is not None else ""
        offset = IO.unpack_from(data)[1] if code in (READ, WRITE) else 0
        return {"op": NAMES.get(code, str(code)), "name": name, "offset": offset}

    def interrupt(self, unique):
        request = self.held.pop(unique, None)
        if request is not None:
            self.answer(unique, errno.EINTR)
            tell(event="interrupted", **self.where(*request))

    def order(self, order):
        if order["do"] == "stall":
            self.rules.append(Rule(order))
        elif order["do"] == "slow":
            self.slow.update({code: order["ms"] / 1000 for code in OPS[order["op"]]})
        else:
            codes = OPS[order["op"]] if "op" in order else set(NAMES)
            self.rules = [rule for rule in self.rules if not rule.codes & codes]
            released = [request for request in self.held.values() if request[0] in codes]
            self.held = {unique: held for unique, held in self.held.items() if held[0] not in codes}
            for request in released:
                self.carry_out(*request)
        tell(event="done")

    def serve(self):
        """Serves until standard input ends."""
        poll = select.poll()
        poll.register(self.device, select.POLLIN)
        poll.register(sys.stdin.fileno(), select.POLLIN)
        orders = b""
        while True:
            wait = None if not self.due else max(0, (self.due[0][0] - time.monotonic()) * 1000)
            for fd, _ in poll.poll(wait):
                if fd == self.device:
                    try:
                        self.request(os.read(self.device, MAX_WRITE + PAGE))
                    except OSError as failed:
                        # One that was interrupted before it was read is there no more.
                        if failed.errno not in (errno.ENOENT, errno.EINTR, errno.EAGAIN):
                            return
                    continue
                piece = os.read(fd, 65536)
                if piece == b"":
                    return
                *lines, orders = (orders + piece).split(b"\n")
                for line in lines:
                    self.order(json.loads(line))
            while self.due and self.due[0][0] <= time.monotonic():
                self.carry_out(*self.due.pop(0)[1])


def tell(**event):
    sys.stdout.write(json.dumps(event) + "\n")
    sys.stdout.flush()


def check():
    """Ends with status 0 where such a folder can be mounted here; else prints why not."""
    with tempfile.TemporaryDirectory() as folder:
        try:
            device = os.open("/dev/fuse", os.O_RDWR)
            mount(folder, device)
        except OSError as failed:
            print(f"{failed.filename or ''} {failed.strerror}".strip())
            sys.exit(1)
        unmount(folder)


def main(backing, folder):
    os.umask(0)
    device = os.open("/dev/fuse", os.O_RDWR | os.O_NONBLOCK)
    mount(folder, device)
    try:
        tell(event="mounted")
        Disk(device, backing).serve()
    finally:
        # What still hangs fails as soon as the device is closed.
        unmount(folder)


if __name__ == "__main__":
    if sys.argv[1:] == ["--check"]:
        check()
    else:
        main(*sys.argv[1:])
