"""Hot statements stay on indexes when tables grow."""

import asyncpg
import pytest

from slipway.database.engine import Database
from slipway.database.queries import claims, feed, leases, sweep
from tests.support.rows import seed

JOBS = 20_000

STATEMENTS = {
    "lease": (str(leases._LEASE), {"cluster": "'local'", "count": "10", "dispatcher": "'d'"}),
    "promote": (str(leases._PROMOTE), {}),
    "claim": (str(claims._CLAIM), {"job": "gen_random_uuid()", "fence": "1", "instance": "'i'"}),
    "abandoned": (str(sweep._ABANDONED), {}),
    "page of the feed": (str(feed._AFTER), {"epoch": "1", "pos": "19000", "limit": "200"}),
}
BIG = ("deployment_reconcile_job", "outbox_event")


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
        INSERT INTO outbox_event (event_id, type, actor_json, data_json, epoch, pos)
            SELECT gen_random_uuid(), 't', '{{}}', '{{}}', 1, n FROM generate_series(1, {JOBS}) n;
        ANALYZE;
        """
    )
    statement, values = STATEMENTS[name]
    for key, value in values.items():
        statement = statement.replace(f":{key}", value)
    plan = "\n".join(row[0] for row in await connection.fetch(f"EXPLAIN {statement}"))
    await connection.close()
    for table in BIG:
        assert f"Seq Scan on {table}" not in plan, plan
