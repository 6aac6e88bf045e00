/**
 * Kinds of file systems that answer at once, as statfs(2) names them: ext, XFS, Btrfs, tmpfs,
 * overlayfs, F2FS, ZFS. On others, such as those of a network, many calls at the same time are
 * faster than one after the other.
 */
export const AT_ONCE: ReadonlySet<number> = new Set([
  0xef53, 0x58465342, 0x9123683e, 0x01021994, 0x794c7630, 0xf2f52010, 0x2fc12fc1,
]);
