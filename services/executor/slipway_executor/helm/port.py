"""What Slipway asks of Helm. What Helm stored is read from the cluster, not believed from the call."""

import asyncio
from pathlib import Path
from typing import Any, Protocol

import msgspec

from slipway_executor.cluster.port import Object


class Deadline:
    """Until when Helm may write, in seconds of CLOCK_BOOTTIME. Extended while the Lease is renewed; can be cut."""

    def __init__(self, at: float) -> None:
        self._at = at
        self._cut = float("inf")
        self._stopped_at: float | None = None
        self.waits = False
        """Whether Helm only waits for a hook, as far as that is known."""
        self.changed = asyncio.Event()
        """Set at each change; whoever follows the deadline clears it."""

    @property
    def at(self) -> float:
        return min(self._at, self._cut)

    def extend(self, at: float) -> None:
        self._at = max(self._at, at)
        self.changed.set()

    def cut(self, at: float) -> None:
        """Let it end at this time at the latest, whatever extends it."""
        self._cut = min(self._cut, at)
        self.changed.set()

    def stop(self, now: float, *, grace_sec: float) -> None:
        """Let it end now where it only waits for a hook, else within a while: objects that are being applied get done."""
        self._stopped_at = now
        self.cut(now if self.waits else now + grace_sec)

    def hear(self, *, waits: bool) -> None:
        """Hear from whoever runs Helm whether it only waits for a hook."""
        self.waits = waits
        if waits and self._stopped_at is not None:
            self.cut(self._stopped_at)


class Release(msgspec.Struct, frozen=True, kw_only=True):
    """What a release shall be."""

    name: str
    namespace: str
    chart: Path
    """An archive that was checked."""
    values: dict[str, Any]
    labels: dict[str, str] = {}
    hook_timeout_sec: int = 300
    as_user: str | None = None
    """Kubernetes user whose rights Helm has; None: the executor's own."""
    force_fields: bool = False
    """Take over fields that another manager has set, rather than fail."""


class Rendered(msgspec.Struct, frozen=True, kw_only=True):
    """What a chart would make of its values: objects, and hooks apart."""

    objects: tuple[Object, ...]
    hooks: tuple[Object, ...] = ()
    notes: str = ""


class Helm(Protocol):
    async def apply(self, release: Release, deadline: Deadline) -> None:
        """Install or upgrade, waiting for hooks but not for objects. OperationFailed says why not."""
        ...

    async def render(self, release: Release, *, on_server: bool) -> Rendered:
        """Render without writing. On the server, templates see the cluster with the rights of `as_user`."""
        ...

    async def roll_back(self, release: Release, revision: int, deadline: Deadline) -> None:
        """Make a new revision that is an old one again, from Helm's own record of it."""
        ...

    async def test(self, release: Release, deadline: Deadline) -> None:
        """Run the chart's tests. OperationFailed says which failed."""
        ...

    async def uninstall(
        self, name: str, namespace: str, deadline: Deadline, *, as_user: str | None = None, hook_timeout_sec: int = 300
    ) -> None:
        """Remove the release; one that is not there is a success."""
        ...
