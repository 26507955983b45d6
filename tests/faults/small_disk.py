"""A small disk of its own under a server's data, which a test fills and frees again."""

import errno
import shutil
import subprocess
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

import pytest

MIB = 1 << 20


class SmallDisk:
    """A tmpfs at a server's data folder."""

    def __init__(self, place: Path) -> None:
        self._filler = place / "filler"

    def fill(self) -> None:
        """Leave no byte free."""
        with self._filler.open("ab", buffering=0) as filler:
            for piece in (bytes(MIB), bytes(512)):
                try:
                    while filler.write(piece):
                        pass
                except OSError as error:
                    if error.errno != errno.ENOSPC:
                        raise

    def free(self) -> None:
        self._filler.unlink(missing_ok=True)


def skip_unless_mountable(place: Path) -> None:
    """Skip the test where nothing can be mounted: not as root, or in a container without that right."""
    probe = place / "probe"
    probe.mkdir()
    mounted = subprocess.run(["mount", "-t", "tmpfs", "tmpfs", probe], capture_output=True, text=True, check=False)
    if mounted.returncode:
        pytest.skip(f"no small disk can be mounted here: {mounted.stderr.strip()}")
    subprocess.run(["umount", probe], check=True)


@contextmanager
def small_disk(data: Path, *, spare_mib: int) -> Generator[SmallDisk]:
    """Have the data of a server that does not run on a disk with so much to spare, and back on its own at the end."""
    owner, kept = data.stat(), data.with_name(f"{data.name}-kept")
    used = sum(each.stat().st_size for each in data.rglob("*") if each.is_file())
    data.rename(kept)
    data.mkdir()
    size = f"size={used // MIB + spare_mib}m,mode=0700,uid={owner.st_uid},gid={owner.st_gid}"
    subprocess.run(["mount", "-t", "tmpfs", "-o", size, "tmpfs", data], check=True)
    try:
        _copy(kept, data)
        yield SmallDisk(data)
        shutil.rmtree(kept)
        kept.mkdir(mode=0o700)
        _copy(data, kept)
    finally:
        subprocess.run(["umount", data], check=True)
        data.rmdir()
        kept.rename(data)


def _copy(source: Path, target: Path) -> None:
    subprocess.run(["cp", "--archive", f"{source}/.", target], check=True)
