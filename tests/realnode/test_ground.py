"""What a real node takes of the machine, and that it gives it back, however it ends."""

import os
import shutil
import signal
import subprocess
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from slipway.dev.process import recorded, start_ticks
from slipway.dev.realnode import cgroups, ground
from slipway.dev.realnode.containers import start_containerd
from slipway.dev.realnode.ground import Ground
from slipway.dev.stack import stop_left
from tests.e2e.watching import eventually
from tests.support import servers

SETTINGS = ("vm/overcommit_memory", "kernel/panic", "kernel/panic_on_oops", "net/ipv4/ip_forward")


@pytest.fixture
async def state() -> AsyncIterator[Path]:
    folder = servers.state_folder()
    yield folder
    await stop_left(folder)
    shutil.rmtree(folder, ignore_errors=True)


def settings() -> dict[str, str]:
    """Return what a kubelet or a router would set for the whole machine."""
    return {name: Path("/proc/sys", name).read_text() for name in SETTINGS}


def traces(of: Ground) -> list[str]:
    """Return where the machine shows something of the node: interfaces, routes, mounts, firewall rules, control groups."""
    rules = subprocess.run(["nft", "list", "ruleset"], capture_output=True, text=True, check=True).stdout
    shown = {
        "interface": " ".join(each.name for each in Path("/sys/class/net").iterdir()),
        "route": Path("/proc/net/route").read_text(),
        "mount": Path("/proc/self/mounts").read_text(),
        "rule": rules,
        "group": " ".join(str(each) for each in cgroups.ROOT.glob("**/slipway*")),
    }
    return [kind for kind, text in shown.items() if of.link in text or of.pods.partition("/")[0] in text]


def alive_within(of: Ground) -> list[int]:
    """Return the processes in the node's network."""
    network = _network(Path("/proc") / str(of.holder.pid))
    numbers = [each for each in Path("/proc").iterdir() if each.name.isdigit()]
    return [int(each.name) for each in numbers if _network(each) == network]


def _network(process: Path) -> str:
    try:
        return str((process / "ns" / "net").readlink())
    except OSError:
        return ""


@pytest.mark.parametrize("killed", [False, True], ids=["stopped", "killed"])
async def test_nothing_of_a_node_stays(state: Path, killed: bool):
    before = settings()
    made = await ground.open_ground(state)
    await start_containerd(state, made, f"{made.host}:5000")
    assert traces(made) == ["interface", "route", "group"], "mounts and rules are the node's own"
    assert settings() == before
    within = alive_within(made)
    assert len(within) > 2
    if killed:
        for server in recorded(state):
            os.killpg(server.pid, signal.SIGKILL)
    await stop_left(state)
    assert traces(made) == []
    assert settings() == before
    assert not ground.home(state).exists()

    async def ended() -> bool | None:
        return True if not [pid for pid in within if start_ticks(pid)] else None

    await eventually(ended, "every process has ended: the last leave their namespaces a moment before")


async def test_a_node_has_the_same_addresses_when_it_starts_again(state: Path):
    first = await ground.open_ground(state)
    await stop_left(state)
    again = await ground.open_ground(state)
    assert (again.host, again.node, again.pods) == (first.host, first.node, first.pods)


async def test_two_nodes_of_one_machine_do_not_meet(state: Path):
    other = servers.state_folder()
    try:
        one, two = await ground.open_ground(state), await ground.open_ground(other)
        assert one.number != two.number
    finally:
        await stop_left(other)
        shutil.rmtree(other, ignore_errors=True)
