"""What users may have, and what they have."""

from typing import Any
from uuid import UUID

import msgspec
from sqlalchemy import text

from slipway.database.engine import ReadSession, Statements, WriteSession
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
_STAND = text(
    f"""
    SELECT q.deployments AS most_deployments, q.cpu_milli AS most_cpu_milli, q.memory_mib AS most_memory_mib,
        q.storage_gib AS most_storage_gib, u.*
    FROM ({_USED.text}) u LEFT JOIN user_quota q ON q.user_id = :user
    """  # noqa: S608 - fixed words only
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


async def stand(asked: Statements, user: UUID, default: Quota) -> tuple[Quota, int, Usage]:
    """Return what a user may have, how many live deployments there are, and what they ask for in all."""
    row = (await asked.execute(_STAND, {"user": user})).mappings().one()
    own = {name: row[f"most_{name}"] for name in FIELDS if row[f"most_{name}"] is not None}
    used = Usage(**{name: row[name] for name in FIELDS if name != "deployments"})
    return msgspec.structs.replace(default, **own), row["deployments"], used


async def put(session: WriteSession, user: UUID, values: dict[str, int | None]) -> None:
    """Set what a user may have; null returns to the default."""
    await session.execute(_SET, {"user": user, **values})
