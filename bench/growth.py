"""A database with many rows, and the operations whose cost must not grow with them, as they are called in production."""

import time
from collections.abc import Awaitable, Callable, Generator
from contextlib import contextmanager
from typing import Any, cast
from uuid import UUID

import asyncpg
import msgspec
from sqlalchemy import event, text

from slipway.database.engine import Database, Scope, WriteSession
from slipway.database.hot import Hot, Statement
from slipway.database.queries import deployments, drift, enqueue, expiry, feed, jobs, leases, quotas, sweep
from slipway.domain.jobs import JobReason

EACH = 20
"""Deployments of a user: what the quota gives."""
TAKEN = 20
"""Rows that one lease, page or scan takes."""

BIG = ("deployment", "deployment_reconcile_job", "deployment_revision", "outbox_event")

Operation = Callable[[WriteSession], Awaitable[object]]


class Rows(msgspec.Struct, frozen=True, kw_only=True):
    deployments: int
    events: int
    jobs_each: int = 3
    """Finished ones of a deployment."""


_FILL = """
SET LOCAL session_replication_role = replica;
INSERT INTO users (id, email) SELECT gen_random_uuid(), 'u' || n || '@example.org' FROM generate_series(1, {users}) n;
INSERT INTO product (id, name, slug) VALUES (gen_random_uuid(), 'Product', 'product');
INSERT INTO product_template_version (id, product_id, docker_image_url, default_values_json, values_schema_json)
    SELECT gen_random_uuid(), id, 'web:1', '{{}}', '{{}}' FROM product;
UPDATE product SET template_id = (SELECT id FROM product_template_version);
INSERT INTO deployment (id, user_id, domain_name, deployment_uid, namespace_name, release_name, desired_template_id,
        applied_template_id, status, applied_generation, scan_after, created_at)
    SELECT gen_random_uuid(), u.id, 'd' || n, 'd' || n, 'd' || n, 'd' || n, t.id, t.id, 'ready', 1,
        now() + CASE WHEN n % {deployments} < {due} THEN interval '-1 minute' ELSE n % 600 * interval '1 second' END,
        now() - n * interval '1 second'
    FROM generate_series(1, {deployments}) n
    JOIN (SELECT id, row_number() OVER () AS place FROM users) u ON u.place = n % {users} + 1, product_template_version t;
INSERT INTO deployment_revision (deployment_id, revision, generation, template_id, digest, succeeded, job_id)
    SELECT id, 1, 1, desired_template_id, 'd', true, gen_random_uuid() FROM deployment;
INSERT INTO deployment_reconcile_job (id, deployment_id, user_id, cluster, reason, status, generation, finished_at, created_at)
    SELECT gen_random_uuid(), d.id, d.user_id, 'local', 'update', 'succeeded', 1, now(), d.created_at + k * interval '1 minute'
    FROM deployment d, generate_series(1, {jobs_each}) k;
INSERT INTO deployment_reconcile_job (id, deployment_id, user_id, cluster, reason, status, generation, queue_key)
    SELECT gen_random_uuid(), id, user_id, 'local', 'update', 'queued', 1, row_number() OVER (PARTITION BY user_id)
    FROM deployment WHERE scan_after > now() + interval '540 seconds';
INSERT INTO outbox_event (event_id, type, subject, deployment_id, deployment_seq, owner_id, actor_json, data_json, epoch, pos)
    SELECT gen_random_uuid(), 'dev.slipway.deployment.ready.v1', 'deployments/' || d.id, d.id, n / {deployments} + 1, d.user_id,
        '{{"kind": "system", "id": "x", "via": "x"}}', '{{"status": "ready", "generation": 1}}', 1, n
    FROM generate_series(1, {events}) n
    JOIN (SELECT id, user_id, row_number() OVER () AS place FROM deployment) d ON d.place = n % {deployments} + 1;
UPDATE feed SET pos = {events};
"""


async def fill(dsn: str, rows: Rows) -> None:
    """Put the rows in: all deployments ready, a tenth of them with a job that waits, a few due to be compared."""
    connection = await asyncpg.connect(dsn)
    values = msgspec.structs.asdict(rows) | {"users": max(1, rows.deployments // EACH), "due": TAKEN * 2}
    async with connection.transaction():
        await connection.execute(_FILL.format(**values))
    await connection.execute("VACUUM ANALYZE")
    await connection.close()


class Growing:
    """One filled database."""

    def __init__(self, database: Database, chosen: UUID, owner: UUID, events: int) -> None:
        self._database = database
        self._chosen = chosen
        self._owner = owner
        self._events = events

    @classmethod
    async def over(cls, database: Database, dsn: str, rows: Rows) -> "Growing":
        connection = await asyncpg.connect(dsn)
        idle = (
            "NOT EXISTS (SELECT FROM deployment_reconcile_job j WHERE j.deployment_id = d.id AND j.status = 'queued')"
        )
        row = await connection.fetchrow(f"SELECT id, user_id FROM deployment d WHERE {idle} LIMIT 1")  # noqa: S608 - as above
        await connection.close()
        assert row is not None  # noqa: S101 - it was filled
        return cls(database, row["id"], row["user_id"], rows.events)

    @property
    def operations(self) -> dict[str, Operation]:
        """Return what is done all the time, by name; each is undone by whoever calls it."""
        chosen, owner = self._chosen, self._owner

        async def of_user(session: WriteSession) -> object:
            return await deployments.page(session, cursor=None, limit=TAKEN, user=owner, deleted=False, status=None)

        async def put_in(session: WriteSession) -> object:
            return await enqueue.enqueue(
                session, deployment=chosen, user=owner, cluster="local", reason=JobReason.UPDATE, generation=1
            )

        return {
            "drift schedule": lambda session: drift.take_due(
                session, {"local": TAKEN}, gap_sec=0, most_unused_sec=0, again_sec=60
            ),
            "page of a user's deployments": of_user,
            "page of a user's feed": lambda session: feed.page(
                session, epoch=1, pos=self._events // 2, limit=TAKEN, owner=owner
            ),
            "page of the feed": lambda session: feed.page(session, epoch=1, pos=self._events // 2, limit=TAKEN),
            "page of a deployment's jobs": lambda session: jobs.page(
                session, deployment=chosen, cursor=None, limit=TAKEN
            ),
            "enqueue": put_in,
            "lease": _hot(lambda hot: leases.lease(hot, cluster="local", count=TAKEN, dispatcher="bench")),
            "look for room": _hot(lambda hot: hot.fetch(leases.LOOK)),
            "look for abandoned jobs": lambda session: sweep.abandoned(session, silence_sec=30.0),
            "look for what expires": expiry.over,
            "count what a user has": lambda session: quotas.used(session, owner),
        }

    async def run(self, operation: Operation) -> float:
        """Do it, undo it, and return the milliseconds that it took."""
        async with self._database.writing(Scope(user_id=self._owner, is_admin=True)) as session:
            began = time.perf_counter()
            await operation(session)
            took = (time.perf_counter() - began) * 1000
            await session.rollback()
        return took

    async def plans(self, operation: Operation) -> dict[str, str]:
        """Return each statement that an operation runs on these tables, with its plan."""
        asked: list[tuple[str, Any]] = []
        with _written_down(self._database, asked):
            await self.run(operation)
        plans: dict[str, str] = {}
        async with self._database.engine.connect() as connection:
            for statement, values in asked:
                rows = await connection.exec_driver_sql(f"EXPLAIN {statement}", values)
                plans[statement] = "\n".join(row[0] for row in rows)
            await connection.rollback()
        return plans


def _hot(work: Callable[[Hot], Awaitable[object]]) -> Operation:
    """Return hot work as something that is done, and undone, within a session's transaction."""

    async def operation(session: WriteSession) -> object:
        await session.execute(text("SELECT 1"))  # begins it
        driver = (await (await session.connection()).get_raw_connection()).driver_connection
        return await work(Hot(cast("asyncpg.Connection", driver)))

    return operation


@contextmanager
def _written_down(database: Database, asked: list[tuple[str, Any]]) -> Generator[None]:
    def note(statement: str, values: Any) -> None:
        if any(table in statement for table in BIG):
            asked.append((statement, values))

    def note_ordinary(_connection: Any, _cursor: Any, statement: str, values: Any, *_: Any) -> None:
        note(statement, values)

    async def note_hot(self: Hot, statement: Statement, **values: Any) -> Any:
        note(statement.sql, tuple(values[name] for name in statement.names))
        return await fetch(self, statement, **values)

    fetch, Hot.fetch = Hot.fetch, note_hot
    event.listen(database.engine.sync_engine, "before_cursor_execute", note_ordinary)
    try:
        yield
    finally:
        Hot.fetch = fetch
        event.remove(database.engine.sync_engine, "before_cursor_execute", note_ordinary)


def whole_reads(plan: str) -> list[str]:
    """Return the lines of a plan that read a whole big table."""
    return [line.strip() for line in plan.splitlines() for table in BIG if f"Seq Scan on {table} " in f"{line} "]
