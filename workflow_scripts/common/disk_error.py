"""What the system says of a file that it will not open, read or write, as a sentence."""

import errno
from pathlib import Path

# What is wrong and what to do, by the system's number of the error.
_TOLD = {
    errno.ENOSPC: "the disk is full; make room and run again",
    errno.EDQUOT: "your quota on this disk is used up; make room and run again",
    errno.EFBIG: "the system lets no file be so large; raise the limit (ulimit -f) and run again",
    errno.EROFS: "this disk can only be read; put the results where you may write",
    errno.EACCES: "permission is denied; ask for it, or name another place",
    errno.EPERM: "permission is denied; ask for it, or name another place",
    errno.ENAMETOOLONG: "the name is too long for this disk; choose a shorter one",
    errno.ENOENT: "there is no such file or folder; correct the path",
    errno.EISDIR: "this is a folder, but a file is expected; correct the path",
    errno.ENOTDIR: "a part of this path is a file, but a folder is expected; correct the path",
    errno.EEXIST: "a file stands where this folder is to be made; move it away, and run again",
}


def told(error: OSError, path: str | Path | None = None) -> str | None:
    """What is wrong, where and what to do, or ``None`` where nobody but a programmer can tell.

    Args:
        path: the file that is meant; ``None``: the one that the error names, if any.
    """
    what = _TOLD.get(error.errno or 0)
    where = path or error.filename
    return what and (f"{where}: {what}" if where else what)
