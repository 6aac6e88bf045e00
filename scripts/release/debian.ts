import { gzipSync } from "bun";
import { join } from "node:path";
import { VERSION } from "../../src/cli/version.ts";
import { packAr, type Member } from "./ar.ts";
import type { Release } from "./archive.ts";
import type { Companions } from "./companions.ts";
import { layOut, packTar, type Entries, type Entry } from "./pack.ts";

const PACKAGE = "simple-ftp";

/** OpenSSH's client owns /usr/bin/sftp and what completes it: here it goes by another name. */
const PROGRAM = "simple-sftp";

/** The oldest glibc that has what Bun asks for: its executables name no newer version. */
const LIBC = "2.17";

/** Packs a binary for Debian's dpkg, and gives the package's name. */
export async function debianPackage(
  architecture: string,
  binary: string,
  release: Release,
): Promise<string> {
  const name = `${PACKAGE}_${VERSION}_${architecture}.deb`;
  const scratch = join(release.scratch, architecture);
  const data = dataFiles(binary, release.companions);
  const control = controlFiles(architecture, Bun.file(binary).size);
  const members: Member[] = [["debian-binary", Buffer.from("2.0\n")]];
  for (const [part, files] of [
    ["control", control],
    ["data", data],
  ] as const) {
    const packed = join(scratch, `${part}.tar.xz`);
    await layOut(join(scratch, part), files);
    const x86 = part === "data" && architecture === "amd64";
    await packTar(join(scratch, part), ".", packed, { ...release, x86 });
    members.push([`${part}.tar.xz`, await Bun.file(packed).bytes()]);
  }
  await Bun.write(join(release.folder, name), packAr(members, release.time));
  return name;
}

function dataFiles(binary: string, companions: Companions): Entries {
  const { license, notices, manual, completions } = companions;
  return new Map<string, Entry>([
    // By its own name it can come first in a PATH.
    ["usr/lib/simple-ftp/sftp", { content: { from: binary }, executable: true }],
    [`usr/bin/${PROGRAM}`, { content: { link: "../lib/simple-ftp/sftp" } }],
    [`usr/share/bash-completion/completions/${PROGRAM}`, text(renamed(completions.bash))],
    [`usr/share/zsh/vendor-completions/_${PROGRAM}`, text(renamed(completions.zsh))],
    [`usr/share/fish/vendor_completions.d/${PROGRAM}.fish`, text(renamed(completions.fish))],
    [`usr/share/man/man1/${PROGRAM}.1.gz`, { content: gzipSync(renamed(manual), { level: 9 }) }],
    [`usr/share/doc/${PACKAGE}/copyright`, text(`${license}\n${notices}`)],
  ]);
}

function controlFiles(architecture: string, size: number): Entries {
  const control = `Package: ${PACKAGE}
Version: ${VERSION}
Architecture: ${architecture}
Maintainer: Simple FTP maintainers
Installed-Size: ${Math.ceil(size / 1024)}
Depends: libc6 (>= ${LIBC})
Section: net
Priority: optional
Description: share a folder over TCP, get and put files, each verified
 ${PROGRAM} serve shares a folder; ${PROGRAM} connect is a small shell that gets and
 puts files. Every file is checked by digest on its way, and appears whole
 under its name or not at all. Interrupted transfers go on.
 .
 It is another program than OpenSSH's sftp, for another protocol. To have it
 under that name, put /usr/lib/simple-ftp first in PATH.
`;
  return new Map([["control", text(control)]]);
}

/** A text that speaks of the program by the name that it has here. Paths stay what they are. */
function renamed(content: string): string {
  return content.replace(/(?<!OpenSSH.*)(?<=^|[\s"'(|]|\\f[BI]|[\s(]_)sftp(?![\w./-])/gm, PROGRAM);
}

function text(content: string): Entry {
  return { content };
}
