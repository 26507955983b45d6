"""What a release is about to ask for, counted before it is there: two at once cannot both have what is left."""

from uuid import UUID

import msgspec

from slipway.database.hot import Hot, Statement
from slipway.domain.usage import Usage

_FIND = Statement(
    """
    SELECT d.id AS deployment, d.user_id AS owner, q.cpu_milli, q.memory_mib, q.storage_gib
    FROM deployment_reconcile_job j JOIN deployment d ON d.id = j.deployment_id
    LEFT JOIN user_quota q ON q.user_id = d.user_id
    WHERE j.id = :job AND j.fence = :fence AND j.status = 'running' AND j.locked_by = :instance AND j.cluster = :cluster
    """
)
_LOCK = Statement("SELECT pg_advisory_xact_lock(hashtextextended('slipway usage of ' || CAST(:owner AS text), 0))")
_OTHERS = Statement(
    """
    SELECT coalesce(sum((usage_json ->> 'cpu_milli')::bigint), 0)::bigint AS cpu_milli,
        coalesce(sum((usage_json ->> 'memory_mib')::bigint), 0)::bigint AS memory_mib,
        coalesce(sum((usage_json ->> 'storage_gib')::bigint), 0)::bigint AS storage_gib
    FROM deployment WHERE user_id = :owner AND id <> :deployment AND deleted_at IS NULL
    """
)
_COUNT = Statement(
    """
    UPDATE deployment SET usage_json = jsonb_build_object(
        'cpu_milli', greatest((usage_json ->> 'cpu_milli')::bigint, CAST(:cpu_milli AS bigint)),
        'memory_mib', greatest((usage_json ->> 'memory_mib')::bigint, CAST(:memory_mib AS bigint)),
        'storage_gib', greatest((usage_json ->> 'storage_gib')::bigint, CAST(:storage_gib AS bigint)))
    WHERE id = :deployment AND NOT coalesce(
        (usage_json ->> 'cpu_milli')::bigint >= CAST(:cpu_milli AS bigint)
        AND (usage_json ->> 'memory_mib')::bigint >= CAST(:memory_mib AS bigint)
        AND (usage_json ->> 'storage_gib')::bigint >= CAST(:storage_gib AS bigint), false)
    """
)
"""What is counted already is not written again: a transaction that writes nothing needs no disk."""


class Claimed(msgspec.Struct, frozen=True, kw_only=True):
    """A job's deployment, whose it is, and what an admin set for them (null: the installation's default)."""

    deployment: UUID
    owner: UUID
    cpu_milli: int | None
    memory_mib: int | None
    storage_gib: int | None

    def of(self, default: Usage) -> Usage:
        """Return what the owner may have in all."""
        own = {name: getattr(self, name) for name in Usage.__struct_fields__}
        return msgspec.structs.replace(default, **{name: value for name, value in own.items() if value is not None})


async def lock(hot: Hot, *, job: UUID, fence: int, instance: str, cluster: str) -> Claimed | None:
    """Return the claimed job's deployment, its owner's usage locked; None when the job is not the asker's."""
    rows = await hot.fetch(_FIND, job=job, fence=fence, instance=instance, cluster=cluster)
    if not rows:
        return None
    await hot.fetch(_LOCK, owner=str(rows[0]["owner"]))
    return Claimed(**rows[0])


async def used_by_others(hot: Hot, claimed: Claimed) -> Usage:
    """Return what the owner's other deployments ask for, in all."""
    [row] = await hot.fetch(_OTHERS, owner=claimed.owner, deployment=claimed.deployment)
    return Usage(**row)


async def count(hot: Hot, deployment: UUID, usage: Usage) -> None:
    """Count it as the deployment's; what runs until then counts on until the next report says what is there."""
    await hot.fetch(_COUNT, deployment=deployment, **msgspec.structs.asdict(usage))
