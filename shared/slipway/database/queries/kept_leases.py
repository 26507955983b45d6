"""Kubernetes Leases of deployments that are gone: kept for a week, so that no old command can bring one back."""

from collections.abc import Collection
from uuid import UUID

from sqlalchemy import text

from slipway.database.engine import ReadSession, WriteSession

_OVER = text(
    """
    SELECT c.name, d.id FROM cluster c CROSS JOIN LATERAL (
        SELECT id FROM deployment
        WHERE cluster = c.name AND deleted_at < now() - interval '7 days' AND lease_forgotten_at IS NULL
        ORDER BY deleted_at LIMIT :each) d
    WHERE c.deleted_at IS NULL
    """
)
_FORGOTTEN = text("UPDATE deployment SET lease_forgotten_at = now() WHERE id = ANY(:deployments)")


async def over(session: ReadSession, *, each: int) -> dict[str, list[UUID]]:
    """Return, by cluster, up to `each` deployments whose Lease is not needed any more."""
    found: dict[str, list[UUID]] = {}
    for cluster, deployment in await session.execute(_OVER, {"each": each}):
        found.setdefault(cluster, []).append(deployment)
    return found


async def forgotten(session: WriteSession, deployments: Collection[UUID]) -> None:
    """Note that these have no Lease any more."""
    await session.execute(_FORGOTTEN, {"deployments": list(deployments)})
