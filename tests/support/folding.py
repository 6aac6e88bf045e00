"""A disk that takes names for one that differ in case or in Unicode's form, over another folder.

folding.py BEHIND MOUNTPOINT
"""

import errno
import os
import sys
import unicodedata

import fusepy as fuse


def fold(name):
    return unicodedata.normalize("NFC", name).upper()


class Folding(fuse.Operations):
    def __init__(self, behind):
        self.behind = behind

    def real(self, path):
        """Where a path lies, each part in the spelling that is there."""
        at = self.behind
        for part in path.split("/"):
            if part == "":
                continue
            try:
                names = os.listdir(at)
            except OSError:
                names = []
            at = os.path.join(at, next((n for n in names if fold(n) == fold(part)), part))
        return at

    def fresh(self, path):
        """Where something new under a path is to lie, in its own spelling."""
        return os.path.join(self.real(os.path.dirname(path)), os.path.basename(path))

    def getattr(self, path, fh=None):
        stat = os.lstat(self.real(path))
        names = [n for n in dir(stat) if n.startswith("st_") and not n.endswith("_ns")]
        return {name: getattr(stat, name) for name in names}

    def readdir(self, path, fh):
        return [".", "..", *os.listdir(self.real(path))]

    def mkdir(self, path, mode):
        if os.path.lexists(self.real(path)):
            raise fuse.FuseOSError(errno.EEXIST)
        os.mkdir(self.fresh(path), mode)

    def rmdir(self, path):
        os.rmdir(self.real(path))

    def unlink(self, path):
        os.unlink(self.real(path))

    def rename(self, old, new):
        # What is replaced keeps its spelling, as on the systems that fold.
        os.rename(self.real(old), self.real(new))

    def link(self, target, source):
        if os.path.lexists(self.real(target)):
            raise fuse.FuseOSError(errno.EEXIST)
        os.link(self.real(source), self.fresh(target))

    def create(self, path, mode, fi=None):
        return os.open(self.real(path), os.O_RDWR | os.O_CREAT, mode)

    def open(self, path, flags):
        return os.open(self.real(path), flags & (os.O_RDWR | os.O_WRONLY))

    def read(self, path, size, offset, fh):
        return os.pread(fh, size, offset)

    def write(self, path, data, offset, fh):
        return os.pwrite(fh, data, offset)

    def truncate(self, path, length, fh=None):
        os.truncate(self.real(path), length)

    def chmod(self, path, mode):
        os.chmod(self.real(path), mode)

    def utimens(self, path, times=None):
        os.utime(self.real(path), times)

    def statfs(self, path):
        stat = os.statvfs(self.real(path))
        return {name: getattr(stat, name) for name in dir(stat) if name.startswith("f_")}

    def release(self, path, fh):
        os.close(fh)


# Nothing is cached: the kernel does not know that two names are one.
options = {"attr_timeout": 0, "entry_timeout": 0, "use_ino": True}
fuse.FUSE(Folding(sys.argv[1]), sys.argv[2], foreground=True, nothreads=True, **options)
