"""After a restore to an earlier time: positions, fences and the list of what is to be compared."""

from collections.abc import Collection
from uuid import UUID

import msgspec
from sqlalchemy import text

from slipway.database.engine import ReadSession, WriteSession

_LOCK_FEED = text("SELECT pos FROM feed WHERE id = 1 FOR UPDATE")
_RAISE = text("UPDATE installation SET epoch = greatest(epoch, :beyond) + 1 WHERE id = 1 RETURNING epoch")
_EPOCH = text("SELECT epoch FROM installation WHERE id = 1")
_FROM_ONE = text("UPDATE feed SET pos = 0 WHERE id = 1")
_LEAP = text("SELECT setval('job_fence', last_value + 1000000) FROM job_fence")
_LIVE = text("SELECT id FROM deployment WHERE deleted_at IS NULL AND id > :after ORDER BY id LIMIT :limit")
_KNOWN = text("SELECT id FROM deployment WHERE deleted_at IS NULL AND id = ANY(:ids)")
_UID = text("SELECT uid FROM installation WHERE id = 1")

FIRST = UUID(int=0)


class Epoch(msgspec.Struct, frozen=True, kw_only=True):
    """The epoch that began, and the one that PostgreSQL had."""

    now: int
    before: int


async def begin_epoch(session: WriteSession, *, beyond: int) -> Epoch:
    """Raise the epoch above PostgreSQL's own and `beyond`; positions begin with 1 again.

    Fences leap ahead of all that may have been given in the time that was lost: executors and Leases may hold them.
    """
    await session.execute(_LOCK_FEED)  # whoever numbers events holds it
    before = (await session.execute(_EPOCH)).scalar_one()
    now = (await session.execute(_RAISE, {"beyond": beyond})).scalar_one()
    await session.execute(_FROM_ONE)
    await session.execute(_LEAP)
    return Epoch(now=now, before=before)


async def live_after(session: ReadSession, after: UUID, *, limit: int) -> list[UUID]:
    """Return the next ids of live deployments, in order."""
    return list((await session.execute(_LIVE, {"after": after, "limit": limit})).scalars())


async def installation(session: ReadSession) -> UUID:
    return (await session.execute(_UID)).scalar_one()


async def known(session: ReadSession, deployments: Collection[UUID]) -> set[UUID]:
    """Return those of the ids that are live deployments."""
    return set((await session.execute(_KNOWN, {"ids": list(deployments)})).scalars())
