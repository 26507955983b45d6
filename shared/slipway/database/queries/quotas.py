"""What users may have, and what they have."""

from typing import Any
from uuid import UUID

import msgspec
from sqlalchemy import text

from slipway.database.engine import ReadSession, WriteSession
from slipway.domain.usage import Quota, Usage

_OWN = text("SELECT deployments, cpu_milli, memory_mib, storage_gib FROM user_quota WHERE user_id = :user")
_USED = text(
    """
    SELECT count(*) AS deployments, coalesce(sum((usage_json ->> 'cpu_milli')::bigint), 0)::bigint AS cpu_milli,
        coalesce(sum((usage_json ->> 'memory_mib')::bigint), 0)::bigint AS memory_mib,
        coalesce(sum((usage_json ->> 'storage_gib')::bigint), 0)::bigint AS storage_gib
    FROM deployment WHERE user_id = :user AND deleted_at IS NULL
    """
)
_SET = text(
    """
    INSERT INTO user_quota (user_id, deployments, cpu_milli, memory_mib, storage_gib)
    VALUES (:user, :deployments, :cpu_milli, :memory_mib, :storage_gib)
    ON CONFLICT (user_id) DO UPDATE SET deployments = excluded.deployments, cpu_milli = excluded.cpu_milli,
        memory_mib = excluded.memory_mib, storage_gib = excluded.storage_gib
    """
)
FIELDS = ("deployments", "cpu_milli", "memory_mib", "storage_gib")


async def own(session: ReadSession, user: UUID) -> dict[str, int | None]:
    """Return what an admin set for a user; null where the installation's default holds."""
    row = (await session.execute(_OWN, {"user": user})).mappings().one_or_none()
    return dict(row) if row else dict.fromkeys(FIELDS)


async def of_user(session: ReadSession, user: UUID, default: Quota) -> Quota:
    """Return what a user may have."""
    found = {name: value for name, value in (await own(session, user)).items() if value is not None}
    return msgspec.structs.replace(default, **found)


async def used(session: ReadSession, user: UUID) -> tuple[int, Usage]:
    """Return how many live deployments a user has, and what they ask for in all."""
    row: dict[str, Any] = dict((await session.execute(_USED, {"user": user})).mappings().one())
    return row.pop("deployments"), Usage(**row)


async def put(session: WriteSession, user: UUID, values: dict[str, int | None]) -> None:
    """Set what a user may have; null returns to the default."""
    await session.execute(_SET, {"user": user, **values})
