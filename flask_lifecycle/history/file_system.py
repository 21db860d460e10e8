"""Whether a path is on another machine, where SQLite cannot share a file.

A log in WAL mode needs memory that all processes map (https://www.sqlite.org/wal.html), and without
it locks that network file systems have or only claim to have
(https://www.sqlite.org/useovernet.html).
"""

from __future__ import annotations

import os
import re
import sys
import typing as t
from contextlib import suppress
from pathlib import Path

MOUNTS = Path("/proc/self/mountinfo")

# By their names in Linux. Of file systems in user space, those that are known to have another
# machine behind them: the others are local as a rule.
_NETWORK = re.compile(
    r"9p|acfs|afs|auristorfs|beegfs|ceph|cifs|coda|gfs2?|glusterfs|gpfs|lustre|ncpf?s?|nfs[34]?|ocfs2"
    r"|orangefs|panfs|prl_fs|pvfs2|smb[23]|smbfs|vboxsf|vmhgfs"
    r"|fuse\.(ceph(-fuse)?|curlftpfs|davfs2?|gcsfuse|glusterfs|goofys|juicefs|mfs|moosefs|prl_fs"
    r"|rclone|s3fs|smbnetfs|sshfs|vmhgfs-fuse|weedfs)"
)
# <sys/mount.h> of macOS, and <winbase.h>.
_MNT_LOCAL = 0x1000
_DRIVE_REMOTE = 4


def network_type(path: Path) -> str | None:
    """Return the name of the network file system that a path is on, or None if it is local.

    :param path: a file or folder, which need not exist yet.
    """
    with suppress(OSError, ValueError, AttributeError, ImportError):
        if os.name == "nt":
            return _of_windows(path)
        existing = next((each for each in (path, *path.parents) if each.exists()), path)
        if sys.platform == "darwin":
            return _of_macos(existing)
        found = type_in(MOUNTS.read_text("utf-8", "replace"), existing.stat().st_dev)
        return found if _NETWORK.fullmatch(found or "") else None
    return None


def type_in(mounts: str, device: int) -> str | None:
    """Return the type of the file system that has a device's number, or None.

    :param mounts: the content of ``/proc/self/mountinfo``, proc_pid_mountinfo(5).
    """
    number = f"{os.major(device)}:{os.minor(device)}"
    for line in mounts.splitlines():
        fields, _, rest = line.partition(" - ")
        if fields.split(" ")[2:3] == [number]:
            return rest.split(" ")[0]
    return None


def _of_macos(path: Path) -> str | None:
    import ctypes

    # struct statfs has 2,168 bytes: its flags after 64, the name of the type after 72.
    found = ctypes.create_string_buffer(4096)
    library = ctypes.CDLL(None)
    # On Intel, the plain name takes the struct of before 2007.
    statfs = getattr(library, "statfs$INODE64", None) or library.statfs
    if statfs(os.fsencode(path), found) != 0:
        return None
    is_local = int.from_bytes(found.raw[64:68], "little") & _MNT_LOCAL
    return None if is_local else found.raw[72:88].split(b"\0")[0].decode("ascii", "replace")


def _of_windows(path: Path) -> str | None:
    import ctypes

    drive = path.absolute().drive
    if drive.startswith("\\\\"):
        return "a network share"
    # Other systems have none, and their type checkers do not know it.
    library: t.Any = vars(ctypes)["windll"]
    kind = library.kernel32.GetDriveTypeW(f"{drive}\\")
    return "a network drive" if kind == _DRIVE_REMOTE else None


__all__ = ["network_type", "type_in"]
