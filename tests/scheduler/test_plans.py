"""Hot statements stay on indexes when tables grow."""

import asyncpg
import pytest

from slipway.database.engine import Database
from slipway.database.queries import (
    claims,
    cleaning,
    events,
    feed,
    history,
    kept_leases,
    leases,
    measures,
    projection,
    sweep,
)
from tests.support.rows import seed

JOBS = 20_000
SOME = "'00000000-0000-7000-8000-000000000001'::uuid"

STATEMENTS = {
    "lease": (str(leases._LEASE), {"cluster": "'local'", "count": "10", "dispatcher": "'d'"}),
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
BIG = {"leases to forget": ("deployment ",), "reports that are over": ("report_record",)}
"""Tables that a statement must not read whole; those of all others are in JOBS_AND_EVENTS."""
JOBS_AND_EVENTS = ("deployment_reconcile_job", "outbox_event")


@pytest.mark.parametrize("name", STATEMENTS)
async def test_no_hot_statement_reads_a_whole_table(database: Database, database_url: str, name: str):
    await seed(database)
    connection = await asyncpg.connect(database_url)
    await connection.execute(
        f"""
        ALTER TABLE deployment DISABLE TRIGGER ALL; ALTER TABLE deployment_reconcile_job DISABLE TRIGGER ALL;
        INSERT INTO deployment (id, user_id, domain_name, deployment_uid, namespace_name, release_name, desired_template_id)
            SELECT gen_random_uuid(), (SELECT id FROM users), 'd' || n, 'd' || n, 'd' || n, 'd' || n,
                (SELECT id FROM product_template_version) FROM generate_series(1, {JOBS}) n;
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
    statement, values = STATEMENTS[name]
    for key, value in values.items():
        statement = statement.replace(f":{key}", value)
    plan = "\n".join(row[0] for row in await connection.fetch(f"EXPLAIN {statement}"))
    await connection.close()
    for table in BIG.get(name, JOBS_AND_EVENTS):
        assert f"Seq Scan on {table}" not in plan, plan
