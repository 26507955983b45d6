"""The right to write for one deployment: a Kubernetes Lease that bears the fence.

Taken by compare-and-swap when the stored fence is not higher and the holder is gone: an empty holder, or a Lease that
did not change for 25 s on the taker's own clock (times in it are never compared). Renewed every 3 s; the right ends 10 s
after *sending* the last renewal that succeeded. Released by clearing the holder and keeping the fence. `Terms` has these
times, all from one, so that whoever wrote with the last of a right has ended when a successor takes over.
"""

import asyncio
import contextlib
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from uuid import UUID

import msgspec
import structlog

from slipway.clock import Clock
from slipway.telemetry import tracing
from slipway_executor.cluster.port import Cluster, LeaseConflict, LeaseRecord
from slipway_executor.failing import OperationFailed, transient
from slipway_executor.helm.port import Deadline
from slipway_executor.metrics import LEASES_LOST

log = structlog.get_logger()

LOOK_SEC = 1.0


class Terms(msgspec.Struct, frozen=True, kw_only=True):
    """How long a Lease speaks for its holder."""

    gone_sec: float = 25.0
    """A Lease that stood still for so long has no holder any more."""

    @property
    def right_sec(self) -> float:
        return self.gone_sec * 2 / 5

    @property
    def wait_sec(self) -> float:
        """How long somebody else's Lease is waited for in a slot."""
        return self.gone_sec * 4

    @property
    def renew_sec(self) -> float:
        return self.right_sec * 3 / 10

    @property
    def request_sec(self) -> float:
        """How long one request to the API server may take: sent with the last of a right, it ends before a successor."""
        return self.gone_sec - self.right_sec


TERMS = Terms()


class FenceAhead(Exception):
    """The Lease bears a higher fence: a newer command was here, or the sequence went back."""

    def __init__(self, stored: int) -> None:
        super().__init__(f"the Lease bears fence {stored}")
        self.stored = stored


def lease_name(deployment: UUID) -> str:
    return f"dep-{deployment}"


@asynccontextmanager
async def held(
    cluster: Cluster, clock: Clock, deployment: UUID, *, holder: str, fence: int, terms: Terms = TERMS
) -> AsyncGenerator[Deadline]:
    """Hold the Lease while the context is open; the deadline given is extended by each renewal. FenceAhead refuses."""
    with tracing.span("lease acquire"):
        lease, sent = await _acquire(cluster, clock, lease_name(deployment), holder, fence, terms)
    deadline = Deadline(sent + terms.right_sec)
    current = [lease]
    renewing = asyncio.create_task(_renew(cluster, clock, current, deadline, terms))
    try:
        yield deadline
    finally:
        renewing.cancel()
        await asyncio.gather(renewing, return_exceptions=True)
        with contextlib.suppress(OperationFailed, LeaseConflict):  # a successor has it, or waits until we are gone
            await _release(cluster, current[0])


async def _acquire(
    cluster: Cluster, clock: Clock, name: str, holder: str, fence: int, terms: Terms
) -> tuple[LeaseRecord, float]:
    seen, begun = "", clock.monotonic()
    since = begun
    while True:
        sent = clock.monotonic()
        with contextlib.suppress(LeaseConflict):
            lease = await cluster.lease(name)
            if lease is None:
                return await cluster.create_lease(name, holder=holder, fence=fence), sent
            if lease.fence > fence or (lease.fence == fence and lease.holder != holder and lease.holder):
                raise FenceAhead(lease.fence)
            if lease.resource_version != seen:
                seen, since = lease.resource_version, clock.monotonic()
            if not lease.holder or lease.holder == holder or clock.monotonic() - since >= terms.gone_sec:
                sent = clock.monotonic()
                return await cluster.replace_lease(lease, holder=holder, fence=fence), sent
            if clock.monotonic() - begun >= terms.wait_sec:
                raise transient("lease_held", f"the executor {lease.holder} works on this deployment still")
        await clock.sleep(LOOK_SEC)


async def _renew(cluster: Cluster, clock: Clock, current: list[LeaseRecord], deadline: Deadline, terms: Terms) -> None:
    """Renew until cancelled, or until the Lease is seen in other hands: then the deadline stands."""
    while True:
        await clock.sleep(terms.renew_sec)
        lease, sent = current[0], clock.monotonic()
        if sent >= deadline.at:
            return
        try:
            current[0] = await cluster.replace_lease(lease, holder=lease.holder, fence=lease.fence)
        except LeaseConflict:
            ours = await _still_ours(cluster, lease)
            if ours is None:
                LEASES_LOST.inc()
                log.warning("lease_lost", lease=lease.name, fence=lease.fence)
                return
            current[0] = ours  # an earlier renewal was stored, and its answer lost: this one is sent again
            continue
        except OperationFailed:
            continue  # the API server is away: try again while the right lasts
        deadline.extend(sent + terms.right_sec)


async def _release(cluster: Cluster, lease: LeaseRecord) -> None:
    try:
        await cluster.replace_lease(lease, holder="", fence=lease.fence)
    except LeaseConflict:  # a renewal that was under way may have been stored
        if ours := await _still_ours(cluster, lease):
            await cluster.replace_lease(ours, holder="", fence=ours.fence)


async def _still_ours(cluster: Cluster, lease: LeaseRecord) -> LeaseRecord | None:
    """Return the Lease as it is stored when it bears our fence and holder still."""
    try:
        found = await cluster.lease(lease.name)
    except OperationFailed:
        return lease
    return found if found and (found.fence, found.holder) == (lease.fence, lease.holder) else None
