"""What a real node needs of the distribution, and its installation where root asked for such a node."""

import asyncio
import os
import shutil
import sys
from collections.abc import Callable
from pathlib import Path

from slipway.dev.process import ServerError

PLUGINS = Path("/usr/lib/cni")
SEARCH = f"{os.environ.get('PATH', '')}:/usr/local/sbin:/usr/sbin:/sbin"
PROGRAMS = {"containerd": "containerd", "runc": "runc", "nft": "nftables", "ip": "iproute2", "nsenter": "util-linux"}
"""Program, and the Debian package that brings it."""


def impediment() -> str:
    """Say why this machine can have no real node, whatever is installed; empty when it can."""
    if not sys.platform.startswith("linux"):
        return "a real node needs Linux"
    if os.geteuid() != 0:
        return "a real node needs root: its containers, mounts and network are the kernel's"
    if not Path("/proc/sys/net/ipv4").is_dir() or not Path("/sys/fs/cgroup").is_dir():
        return "a real node needs /proc/sys and /sys/fs/cgroup"
    return ""


def missing() -> list[str]:
    """Return the packages that are not installed."""
    absent = [package for program, package in PROGRAMS.items() if not shutil.which(program, path=SEARCH)]
    return absent + ([] if (PLUGINS / "bridge").exists() else ["containernetworking-plugins"])


def program(name: str) -> str:
    """Return the path of a program of PROGRAMS; root's PATH may lack the folders of administrators."""
    found = shutil.which(name, path=SEARCH)
    if not found:
        raise ServerError(f"{name} is not installed: apt-get install {PROGRAMS[name]}")
    return found


async def ensure_packages(say: Callable[[str], None]) -> None:
    """Install what is missing with apt-get; ServerError that names the packages where that is not possible."""
    if reason := impediment():
        raise ServerError(reason)
    if not (packages := missing()):
        return
    if not shutil.which("apt-get"):
        raise ServerError(f"a real node needs these packages, and there is no apt-get: {', '.join(packages)}")
    say(f"installing {', '.join(packages)} with apt-get ...")
    await _apt("update", "--quiet")
    await _apt("install", "--yes", "--quiet", "--no-install-recommends", *packages)


async def _apt(*arguments: str) -> None:
    child = await asyncio.create_subprocess_exec(
        "apt-get", *arguments, env={**os.environ, "DEBIAN_FRONTEND": "noninteractive"},
        stdin=asyncio.subprocess.DEVNULL, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT,
    )  # fmt: skip
    output, _ = await child.communicate()
    if child.returncode:
        raise ServerError(f"apt-get {arguments[0]} failed:\n{output.decode(errors='replace')[-1000:]}")
