"""containerd within the node: images come from the local registry, pods get their addresses from the bridge plugin."""

from pathlib import Path

import msgspec

from slipway.dev.process import Server, spawn, wait_ready
from slipway.dev.realnode.ground import Ground, home
from slipway.dev.realnode.packages import PLUGINS, program

SOCKET = "/run/containerd/containerd.sock"
"""Within the node, whose /run is its own."""
PAUSE = "slipway/pause:1"

CONFIG = """\
version = 2
root = "{home}/containerd"
state = "/run/containerd"
[grpc]
  address = "{socket}"
[plugins."io.containerd.grpc.v1.cri"]
  sandbox_image = "{registry}/{pause}"
  restrict_oom_score_adj = true
  [plugins."io.containerd.grpc.v1.cri".cni]
    bin_dir = "{plugins}"
    conf_dir = "{home}/cni"
  [plugins."io.containerd.grpc.v1.cri".registry]
    config_path = "{home}/registries"
  [plugins."io.containerd.grpc.v1.cri".containerd]
    snapshotter = "{snapshotter}"
"""


async def start_containerd(state: Path, ground: Ground, registry: str) -> Server:
    """Start it, with its images under the state folder. `registry` is `host:port` of a registry over plain http."""
    folder = home(state)
    _tell_network(folder / "cni", ground)
    _tell_registry(folder / "registries", registry)
    config = folder / "containerd.toml"
    config.write_text(
        CONFIG.format(
            home=folder,
            socket=SOCKET,
            registry=registry,
            pause=PAUSE,
            plugins=PLUGINS,
            snapshotter=_snapshotter(folder),
        )
    )
    server = spawn(state, "containerd", ground.within([program("containerd"), "--config", config]))

    async def serves() -> bool:
        return Path(f"/proc/{ground.holder.pid}/root{SOCKET}").exists()

    await wait_ready(server, serves)
    return server


def _tell_network(folder: Path, ground: Ground) -> None:
    folder.mkdir()
    subnet = {"subnet": ground.pods}
    ipam = {"type": "host-local", "ranges": [[subnet]], "routes": [{"dst": "0.0.0.0/0"}]}
    bridge = {"type": "bridge", "bridge": "pods", "isGateway": True, "hairpinMode": True, "ipam": ipam}
    plugins = {"cniVersion": "0.4.0", "name": "pods", "plugins": [bridge]}
    (folder / "10-pods.conflist").write_bytes(msgspec.json.encode(plugins))


def _tell_registry(folder: Path, registry: str) -> None:
    place = folder / registry
    place.mkdir(parents=True)
    pulled = f'[host."http://{registry}"]\n  capabilities = ["pull", "resolve"]\n'
    (place / "hosts.toml").write_text(f'server = "http://{registry}"\n{pulled}')


def _snapshotter(folder: Path) -> str:
    """An overlay cannot lie on an overlay, where this machine is itself a container."""
    mounts = [line.split() for line in Path("/proc/self/mounts").read_text().splitlines()]
    under = [(place, kind) for _, place, kind, *_ in mounts if folder.is_relative_to(place)]
    return "native" if max(under, key=lambda each: len(each[0]))[1] == "overlay" else "overlayfs"
