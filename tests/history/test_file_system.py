from __future__ import annotations

import os
from pathlib import Path

import pytest

from flask_lifecycle.history import file_system
from flask_lifecycle.history.file_system import network_type, type_in

# As Linux writes them: with tags or without, a space in a name, mounts over each other.
MOUNTS = r"""
22 27 0:21 / /proc rw,relatime - proc proc rw
27 1 254:0 / / rw,relatime shared:1 - ext4 /dev/vda rw,discard
61 27 0:52 / /home rw,relatime shared:34 master:2 - nfs4 files:/export/home rw,vers=4.2
62 27 0:53 /sub /mnt/with\040space rw - cifs //nas/a\040share rw,vers=3.1.1
63 61 0:54 / /home/ada/far rw,nosuid,nodev - fuse.sshfs ada@far:/ rw,user_id=1000
64 27 0:55 / /mnt/c rw,noatime - 9p C:\134 rw,dirsync,aname=drvfs;path=C:\
65 27 0:56 / /home/ada/open rw,nosuid,nodev - fuse.gocryptfs /home/ada/closed rw
66 27 0:57 / /mnt/usb rw - fuseblk /dev/sdb1 rw
67 27 0:58 / / rw - overlay overlay rw,lowerdir=/a - nfs:/b,upperdir=/c
"""


@pytest.mark.parametrize(
    ("device", "found"),
    [
        ((0, 52), "nfs4"),
        ((0, 53), "cifs"),
        ((0, 54), "fuse.sshfs"),
        ((0, 55), "9p"),
        ((0, 56), "fuse.gocryptfs"),
        ((0, 57), "fuseblk"),
        ((0, 58), "overlay"),
        ((254, 0), "ext4"),
        ((0, 5), None),
    ],
)
def test_a_file_system_is_known_by_its_device(device: tuple[int, int], found: str | None) -> None:
    assert type_in(MOUNTS, os.makedev(*device)) == found


def mounted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kind: str) -> None:
    """Let the device of this test's folder have a file system of another kind."""
    device = tmp_path.stat().st_dev
    mounts = tmp_path / "mountinfo"
    number = f"{os.major(device)}:{os.minor(device)}"
    mounts.write_text(f"1 1 {number} / {tmp_path} rw - {kind} far:/ rw\n")
    monkeypatch.setattr(file_system, "MOUNTS", mounts)


@pytest.mark.parametrize("kind", ["nfs4", "smb3", "9p", "fuse.sshfs", "fuse.vmhgfs-fuse"])
def test_a_network_file_system_is_known(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kind: str
) -> None:
    mounted(tmp_path, monkeypatch, kind)
    assert network_type(tmp_path / "not" / "there" / "yet.sqlite") == kind


@pytest.mark.parametrize("kind", ["ext4", "overlay", "nfsd", "fuse", "fuseblk", "fuse.bindfs"])
def test_others_are_local(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kind: str) -> None:
    mounted(tmp_path, monkeypatch, kind)
    assert network_type(tmp_path) is None


@pytest.mark.parametrize("path", ["x" * 5000, "a\0b", "/proc/self/mem/x", "relative"])
def test_what_cannot_be_told_is_local(path: str) -> None:
    assert network_type(Path(path)) is None
