"""The real node as a whole: started beside the control plane and the registry, and stopped again."""

import asyncio
from pathlib import Path

import msgspec

from slipway.dev.build import RealNodeBinaries
from slipway.dev.cluster import Cluster, admin_client, node_ready
from slipway.dev.images import push_program
from slipway.dev.process import Server, stop, wait_ready
from slipway.dev.realnode.access import NODE
from slipway.dev.realnode.containers import PAUSE, start_containerd
from slipway.dev.realnode.ground import Ground, close_ground
from slipway.dev.realnode.programs import start_programs
from slipway.dev.registry import Registry

HELLO = "slipway/hello:1"
READY_WITHIN_SEC = 120.0


class RealNode(msgspec.Struct, frozen=True, kw_only=True):
    ground: Ground
    parts: tuple[Server, ...]
    hello: str
    """Reference of the sample application's image."""


async def start_node(
    state: Path, ground: Ground, binaries: RealNodeBinaries, *, cluster: Cluster, registry: Registry
) -> RealNode:
    """Start the node on its ground, and wait until it takes pods."""
    await push_program(registry.host, PAUSE, binaries.pause)
    hello = await push_program(registry.host, HELLO, binaries.hello)
    containerd = await start_containerd(state, ground, registry.host)
    names, kubelet, proxy = await start_programs(state, ground, binaries.realnode, url=cluster.server)
    async with admin_client(state, cluster.server) as api:
        await wait_ready(kubelet, lambda: node_ready(api, NODE), timeout=READY_WITHIN_SEC)
    return RealNode(ground=ground, parts=(containerd, names, kubelet, proxy), hello=hello)


async def stop_node(state: Path, node: RealNode) -> None:
    """End it at once: what runs in its containers ends with it."""
    await asyncio.gather(*(stop(state, part, timeout=0) for part in node.parts))
    await close_ground(state, node.ground)
