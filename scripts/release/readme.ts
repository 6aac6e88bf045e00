import { VERSION } from "../../src/cli/version.ts";
import type { Target } from "./targets.ts";

/** What a musl system has to bring beside its libc. */
const MUSL = `It needs the C++ library of the system: on Alpine, apk add libstdc++ libgcc.\n\n`;

const INSTALL = (archive: string) => `Put it on your PATH, with its page and what completes it:

    install -D sftp ~/.local/bin/sftp
    install -D -m 644 sftp.1 ~/.local/share/man/man1/sftp.1
    install -D -m 644 completions/sftp.bash ~/.local/share/bash-completion/completions/sftp
    install -D -m 644 completions/sftp.fish ~/.config/fish/completions/sftp.fish
    (zsh: copy completions/_sftp to a folder of your fpath)

To check what you downloaded, in its folder: grep ${archive} SHA256SUMS | sha256sum -c -
(macOS: shasum -a 256 -c -). If macOS says that it cannot check the program, which is not
notarized: xattr -d com.apple.quarantine sftp

OpenSSH has a program of the same name for another protocol; the two do not talk to each other.
Whichever folder comes first in PATH wins: "sftp --version" tells. To have both, give this one
another name: install -D sftp ~/.local/bin/simple-sftp
`;

const INSTALL_WINDOWS = (
  archive: string,
) => `Unpack it where you want to keep it, and add that folder to your PATH, in PowerShell:

    [Environment]::SetEnvironmentVariable("Path",
      "$PWD;" + [Environment]::GetEnvironmentVariable("Path", "User"), "User")

To check what you downloaded: (Get-FileHash ${archive}).Hash, and compare with SHA256SUMS.

Windows may bring OpenSSH's sftp, for another protocol; the two do not talk to each other. Its folder
comes first in PATH: start this one by its path, or rename sftp.exe to simple-sftp.exe.
`;

/** The page that goes with a binary. */
export function readme(target: Target, archive: string): string {
  const windows = target.kernel === "windows";
  const install = windows ? INSTALL_WINDOWS(archive) : INSTALL(archive);
  const text = `# Simple FTP ${VERSION} for ${target.name}

One executable. "sftp serve" shares a folder over TCP; "sftp connect" is a small shell that gets and
puts files, each checked by digest on its way, whole under its name or not there at all.

${target.name.endsWith("-musl") ? MUSL : ""}Try it, in two terminals:

    ./sftp serve --port 12000          shares the folder ./server, made if it is not there
    ./sftp connect 12000               keeps its files in ./client

and type there:

    PUT ../README.md                   sends a file; names without a folder are of ./client
    GET README.md copy.md              gets it, by another name
    LS                                 lists; HELP tells everything
    QUIT

${install}
Between two machines: "sftp serve --host 0.0.0.0" says what to type on the other side. There it is
encrypted, and asks for a login. On loopback it is plain and open to all users of the machine.

Help: "sftp --help", "sftp serve --help", "sftp connect --help"${windows ? "" : ", man -l sftp.1"}.
MIT licence: LICENSE. What others have written: THIRD-PARTY.txt.
`;
  return windows ? text.replaceAll("./sftp", ".\\sftp").replaceAll("\n", "\r\n") : text;
}
