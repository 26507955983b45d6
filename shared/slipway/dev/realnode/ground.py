"""What a real node stands on: its namespaces, its link to this machine, its control groups."""

import asyncio
import ipaddress
import os
import shutil
import zlib
from collections.abc import Sequence
from pathlib import Path

import msgspec

from slipway.dev.process import READY_POLL_SEC, Server, ServerError, recorded, spawn, stop, wait_ready
from slipway.dev.realnode import cgroups
from slipway.dev.realnode.packages import program

BLOCKS = list(ipaddress.ip_network("198.18.0.0/15").subnets(new_prefix=20))
"""The range is kept for tests of network devices (RFC 2544), so no network of the machine's has it; a node takes a block."""
SERVICES = "10.96.0.0/16"
"""Of the embedded cluster. What the node itself sends there needs a route, before kube-proxy turns it round to a pod."""
HOLDER = "node"
GONE_WITHIN_SEC = 60.0
HOLD = """
set -e
mount --make-rshared /
mount -t tmpfs -o mode=755 tmpfs /run
for folder in /var/lib/cni /var/log/containers; do mkdir -p $folder; mount -t tmpfs tmpfs $folder; done
shown() { echo "$2" > "/run/${1##*/}"; mount --bind "/run/${1##*/}" "/proc/sys/$1"; }
shown vm/overcommit_memory 1; shown vm/panic_on_oom 0; shown kernel/panic 10; shown kernel/panic_on_oops 1
shown kernel/keys/root_maxkeys 1000000; shown kernel/keys/root_maxbytes 25000000
echo 1 > /proc/sys/net/ipv4/ip_forward
echo held > "$1"
trap exit TERM
sleep infinity & wait
"""
"""The first process of the node. What is shown under /proc/sys the kubelet would set, for the whole machine."""


class Ground(msgspec.Struct, frozen=True, kw_only=True):
    number: int
    holder: Server
    """When it ends, everything within ends."""

    @property
    def link(self) -> str:
        """Name of the interface on this machine's side, and of the control groups."""
        return f"slipway{self.number}"

    @property
    def host(self) -> str:
        """Address of this machine on the link."""
        return str(BLOCKS[self.number][1])

    @property
    def node(self) -> str:
        """Address of the node on the link."""
        return str(BLOCKS[self.number][2])

    @property
    def pods(self) -> str:
        """Range of the pods' addresses."""
        return str(list(BLOCKS[self.number].subnets(prefixlen_diff=1))[1])

    def within(self, argv: Sequence[str | Path]) -> list[str | Path]:
        """Return the command line that runs a program within the node."""
        of = f"/proc/{self.holder.pid}/ns"
        entered = (f"--mount={of}/mnt", f"--net={of}/net", f"--pid={of}/pid_for_children")
        return [program("nsenter"), *entered, *argv]


def home(state: Path) -> Path:
    return state / "realnode"


async def open_ground(state: Path) -> Ground:
    """Make the namespaces, link them, make the control groups."""
    number, held = _number(state), home(state) / "held"
    home(state).mkdir(parents=True)
    private = ("--mount", "--net", "--pid", "--fork", "--kill-child", "--mount-proc")
    holder = spawn(state, HOLDER, ["unshare", *private, "bash", "-c", HOLD, "hold", held])

    async def is_held() -> bool:
        return held.exists()

    await wait_ready(holder, is_held)
    ground = Ground(number=number, holder=holder)
    cgroups.make(ground.link)
    await _run("ip", "link", "add", ground.link, "type", "veth", "peer", "name", "eth0", "netns", str(holder.pid))
    await _run("ip", "address", "add", f"{ground.host}/24", "dev", ground.link)
    await _run("ip", "link", "set", ground.link, "up")
    await _within(ground, "ip", "address", "add", f"{ground.node}/24", "dev", "eth0")
    await _within(ground, "ip", "link", "set", "lo", "up")
    await _within(ground, "ip", "link", "set", "eth0", "up")
    await _within(ground, "ip", "route", "add", SERVICES, "via", ground.host)
    await _run("ip", "route", "add", ground.pods, "via", ground.node)
    return ground


async def close_ground(state: Path, ground: Ground) -> None:
    await stop(state, ground.holder, timeout=0)
    await clear(state)


async def cut(state: Path) -> None:
    """End a node that an earlier process holds open: what runs within ends with it, and need not be asked."""
    for server in recorded(state):
        if server.name == HOLDER:
            await stop(state, server, timeout=0)


async def clear(state: Path) -> None:
    """Take away what a node under this state folder has left; its processes have ended."""
    if not home(state).exists():
        return
    name = f"slipway{_number(state)}"
    until = asyncio.get_running_loop().time() + GONE_WITHIN_SEC
    while _exists(name) or not cgroups.removed(name):  # the kernel is done with both a moment after the last process
        if asyncio.get_running_loop().time() > until:
            raise ServerError(
                f"interface or control groups {name} are still there: a process of the node has not ended"
            )
        await asyncio.sleep(READY_POLL_SEC)
    shutil.rmtree(home(state))


def _number(state: Path) -> int:
    """Return the number of the node's block: the same each time, for images are named by the registry's address in it."""
    path = state / "realnode.number"
    if not path.exists():
        first = zlib.crc32(os.fsencode(state)) % len(BLOCKS)
        order = [(first + step) % len(BLOCKS) for step in range(len(BLOCKS))]
        free = next((number for number in order if not _exists(f"slipway{number}")), None)
        if free is None:
            raise ServerError(f"{len(BLOCKS)} real nodes run on this machine already")
        path.write_text(str(free))
    return int(path.read_text())


def _exists(interface: str) -> bool:
    return Path("/sys/class/net", interface).exists()


async def _within(ground: Ground, *argv: str) -> None:
    await _run(*(str(part) for part in ground.within([program(argv[0]), *argv[1:]])))


async def _run(*argv: str) -> None:
    child = await asyncio.create_subprocess_exec(
        program(argv[0]) if "/" not in argv[0] else argv[0], *argv[1:],
        stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT,
    )  # fmt: skip
    output, _ = await child.communicate()
    if child.returncode:
        raise ServerError(f"{' '.join(argv)}: {output.decode(errors='replace').strip()}")
