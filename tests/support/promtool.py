"""Debian's promtool, which evaluates alert rules as Prometheus does. Nothing is installed: its package is only unpacked."""

import os
import shutil
import subprocess
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

PACKAGE = "prometheus"


def promtool() -> Path:
    """Return the machine's promtool, or the one kept in the cache, fetched once; skip the test where there is no way to it."""
    if found := shutil.which("promtool"):
        return Path(found)
    kept = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "slipway" / "promtool"
    if not kept.exists():
        _fetch(kept)
    return kept


def _fetch(kept: Path) -> None:
    if not shutil.which("apt-get"):
        pytest.skip("promtool is not installed, and there is no apt-get to fetch it with")
    with TemporaryDirectory() as folder:
        if _apt("download", PACKAGE, folder=folder) and (
            _apt("update", folder=folder) or _apt("download", PACKAGE, folder=folder)
        ):
            pytest.skip(f"promtool is not installed, and apt-get cannot fetch the package {PACKAGE}")
        [package] = Path(folder).glob("*.deb")
        subprocess.run(["dpkg-deb", "-x", package, folder], check=True)
        kept.parent.mkdir(parents=True, exist_ok=True)
        fresh = kept.with_suffix(f".{os.getpid()}")
        shutil.copy(Path(folder) / "usr" / "bin" / "promtool", fresh)
        fresh.rename(kept)


def _apt(*arguments: str, folder: str) -> int:
    return subprocess.run(["apt-get", "-qq", *arguments], cwd=folder, check=False, capture_output=True).returncode
