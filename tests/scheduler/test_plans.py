"""Hot statements stay on indexes when tables grow."""

import json

import asyncpg
import pytest

from slipway.database.engine import Database
from slipway.database.queries import (
    claims,
    cleaning,
    deployments,
    drift,
    enqueue,
    events,
    feed,
    history,
    kept_leases,
    leases,
    measures,
    projection,
    quotas,
    reservations,
    sweep,
)
from tests.support.rows import seed

JOBS = 20_000
SOME = "'00000000-0000-7000-8000-000000000001'::uuid"


STATEMENTS = {
    "lease": (str(leases._LEASE), {"cluster": "'local'", "count": "10", "dispatcher": "'d'"}),
    "background's lease": (str(leases._LEASE_BACKGROUND), {"cluster": "'local'", "count": "10", "dispatcher": "'d'"}),
    "drift scan": (
        str(drift._TAKE),
        {"clusters": "'{local}'", "counts": "'{10}'", "most_unused": "30", "gap": "1", "again": "60"},
    ),
    "look": (str(leases.LOOK), {}),
    "commands of what was leased": (str(leases._READ_LEASED), {"jobs": f"ARRAY[{SOME}]"}),
    "promote": (str(leases._PROMOTE), {}),
    "claim": (
        str(claims._CLAIM),
        {
            "jobs": f"ARRAY[{SOME}]",
            "fences": "ARRAY[1]",
            "instances": "ARRAY['i']",
            "clusters": "ARRAY['local']",
        },
    ),
    "mark published": (str(leases._MARK_PUBLISHED), {"jobs": f"ARRAY[{SOME}]", "fences": "ARRAY[1]"}),
    "lock of reports": (str(projection._LOCK_JOBS), {"jobs": f"ARRAY[{SOME}]"}),
    "reports that are over": (str(cleaning._REPORTS), {"most": "100"}),
    "jobs that are over": (str(history._OVER), {"most": "100"}),
    "abandoned": (str(sweep._ABANDONED), {"silence": "30"}),
    "leases to forget": (str(kept_leases._OVER), {"each": "100"}),
    "jobs by state": (str(measures._JOBS), {}),
    "events that wait": (str(measures._LAG), {"epoch": "1", "pos": "19000"}),
    "numbering": (str(feed._STAMP_NEXT), {"pos": "19000", "epoch": "1", "limit": "200"}),
    "page of the feed": (str(feed._AFTER), {"epoch": "1", "pos": "19000", "limit": "200"}),
    "events of a deployment": (str(events._OLDEST_FIRST), {"deployment": SOME, "after": "0", "limit": "51"}),
    "its newest events": (str(events._NEWEST_FIRST), {"deployment": SOME, "after": "19000", "limit": "51"}),
}
ENQUEUE = {
    "id": SOME, "deployment": SOME, "user": "(SELECT user_id FROM deployment LIMIT 1)", "cluster": "'local'",
    "reason": "'update'", "generation": "1", "options": "'{}'", "asked": "NULL", "preview": "NULL", "traceparent": "NULL",
}  # fmt: skip
ASKED_BY_USERS = ("events of a deployment", "its newest events")
"""By the API; all others by the scheduler. Row security makes another plan for each."""
BIG = {
    "drift scan": ("deployment ", "deployment_reconcile_job"),
    "leases to forget": ("deployment ",),
    "reports that are over": ("report_record",),
}
"""Tables that a statement must not read whole; those of all others are in JOBS_AND_EVENTS."""
JOBS_AND_EVENTS = ("deployment_reconcile_job", "outbox_event")


FLOOD = f"""
    UPDATE deployment SET status = 'ready', scan_after = now();
    UPDATE deployment_reconcile_job SET status = 'quarantined', finished_at = now() WHERE id IN
        (SELECT id FROM deployment_reconcile_job WHERE status = 'succeeded' LIMIT 100);
    INSERT INTO deployment_reconcile_job
        (id, deployment_id, user_id, cluster, reason, status, generation, priority, queue_key)
        SELECT gen_random_uuid(), gen_random_uuid(), (SELECT id FROM users), 'local', 'drift', 'queued', 1, 1, n
        FROM generate_series(1, {JOBS}) n;
    ANALYZE;
"""
"""Background jobs of one user that wait, and what is quarantined."""


@pytest.mark.parametrize(
    ("name", "more"),
    [*((name, "ANALYZE") for name in STATEMENTS)]
    + [(name, FLOOD) for name in ("lease", "background's lease", "drift scan", "jobs that are over")],
    ids=lambda each: "flooded" if each == FLOOD else each,
)
async def test_no_hot_statement_reads_a_whole_table(database: Database, database_url: str, name: str, more: str):
    connection = await fill(database, database_url)
    await connection.execute(more)
    statement, values = STATEMENTS[name]
    await connection.execute(f"SET ROLE slipway_{'api' if name in ASKED_BY_USERS else 'scheduler'}")
    plan = "\n".join(row[0] for row in await connection.fetch(f"EXPLAIN {filled_in(statement, values)}"))
    await connection.close()
    for table in BIG.get(name, JOBS_AND_EVENTS):
        assert f"Seq Scan on {table}" not in plan, plan


@pytest.mark.parametrize(
    ("statement", "index"),
    [
        (str(feed._AFTER_OWNED), "ix_outbox_owner"),
        (str(deployments._page(deleted=False, by_status=False, later=False)), "ix_deployment_user_"),
    ],
    ids=["feed", "deployments"],
)
async def test_what_one_of_many_users_has_is_read_by_its_own_index(
    database: Database, database_url: str, statement: str, index: str
):
    connection = await fill(database, database_url)
    user = await connection.fetchval("SELECT id FROM users")
    await connection.execute(
        f"""
        SET session_replication_role = replica;
        UPDATE deployment SET user_id = gen_random_uuid() WHERE deployment_uid NOT LIKE '%00';
        UPDATE outbox_event SET owner_id = CASE WHEN pos % 100 = 0 THEN '{user}'::uuid ELSE gen_random_uuid() END;
        ANALYZE; SET ROLE slipway_api; SET slipway.user_id = '{user}';
        """
    )
    values = {"user": f"'{user}'::uuid", "owner": f"'{user}'::uuid", "epoch": "1", "pos": "1000", "limit": "50"}
    plan = "\n".join(row[0] for row in await connection.fetch(f"EXPLAIN {filled_in(statement, values)}"))
    await connection.close()
    assert index in plan, plan


@pytest.mark.parametrize(
    ("statement", "values"),
    [
        (str(leases._READ_LEASED), {"jobs": f"ARRAY[{SOME}]"}),
        (str(reservations._OTHERS), {"owner": SOME, "deployment": SOME}),
        (str(quotas._USED), {"user": SOME}),
    ],
    ids=["commands of what was leased", "what others ask for", "what is used"],
)
async def test_an_owners_deployments_have_an_index_of_their_own_before_anything_was_analysed(
    database: Database, database_url: str, statement: str, values: dict[str, str]
):
    """The planner takes the table for a small one, and every index of live deployments is as good to it."""
    await seed(database)
    connection = await asyncpg.connect(database_url)
    plan = "\n".join(row[0] for row in await connection.fetch(f"EXPLAIN {filled_in(statement, values)}"))
    await connection.close()
    assert "ix_deployment_user_live" in plan, plan


@pytest.mark.parametrize("priority", [0, 1])
async def test_a_new_job_does_not_read_past_those_that_its_user_has_waiting(
    database: Database, database_url: str, priority: int
):
    connection = await fill(database, database_url)
    await connection.execute(FLOOD)
    statement = filled_in(str(enqueue._ENQUEUE), ENQUEUE | {"priority": str(priority)})
    plan = await connection.fetchval(f"EXPLAIN (ANALYZE, BUFFERS, FORMAT JSON) {statement}")
    [told] = json.loads(str(plan))
    await connection.close()
    pages = told["Plan"]["Shared Hit Blocks"] + told["Plan"]["Shared Read Blocks"]
    assert pages < JOBS / 100, "for its lookups and for each index"


def filled_in(statement: str, values: dict[str, str]) -> str:
    for key, value in values.items():
        statement = statement.replace(f":{key}", value)
    return statement


async def fill(database: Database, database_url: str) -> asyncpg.Connection:
    await seed(database)
    connection = await asyncpg.connect(database_url)
    await connection.execute(
        f"""
        ALTER TABLE deployment DISABLE TRIGGER ALL; ALTER TABLE deployment_reconcile_job DISABLE TRIGGER ALL;
        INSERT INTO deployment
            (id, user_id, domain_name, deployment_uid, namespace_name, release_name, desired_template_id, scan_after)
            SELECT gen_random_uuid(), (SELECT id FROM users), 'd' || n, 'd' || n, 'd' || n, 'd' || n,
                (SELECT id FROM product_template_version), NULL FROM generate_series(1, {JOBS}) n;
        INSERT INTO deployment_reconcile_job (id, deployment_id, user_id, cluster, reason, status, generation)
            SELECT gen_random_uuid(), id, user_id, 'local', 'update',
                CASE WHEN row_number() OVER () % 100 = 0 THEN 'queued' ELSE 'succeeded' END, 1 FROM deployment;
        UPDATE deployment_reconcile_job SET status = 'running' WHERE id IN
            (SELECT id FROM deployment_reconcile_job WHERE status = 'succeeded' LIMIT 100);
        INSERT INTO job_lease (job_id, fence, instance, phase)
            SELECT id, 1, 'e', 'applying' FROM deployment_reconcile_job WHERE status = 'running';
        INSERT INTO executor (instance, cluster, slots, free, version) VALUES ('e', 'local', 4, 4, '1');
        INSERT INTO outbox_event (event_id, type, actor_json, data_json, epoch, pos)
            SELECT gen_random_uuid(), 't', '{{}}', '{{}}', 1, n FROM generate_series(1, {JOBS}) n;
        INSERT INTO report_record (job_id, fence, seq, deployment_id, applied)
            SELECT id, 1, 1, deployment_id, true FROM deployment_reconcile_job;
        ANALYZE;
        """
    )
    return connection
