"""What each job changes of a deployment is in no index: such an update writes the row, and nothing else."""

import asyncpg

from slipway.database.engine import Database
from tests.support.rows import deploy, seed

CHANGED = """
    UPDATE deployment SET status = 'upgrading', generation = 2, user_values_json = '{"a": 1}', event_seq = 7, last_error = 'x',
        failure_class = 'terminal', hold_generation = 2, applied_generation = 1, applied_template_id = desired_template_id,
        last_reconcile_at = now(), drifted = true, drift_json = '{}', usage_json = '{}'
"""


async def test_an_update_of_what_jobs_change_writes_no_index(database: Database, database_url: str):
    await deploy(database, await seed(database))
    connection = await asyncpg.connect(database_url)
    async with connection.transaction():
        await connection.execute(CHANGED)
        updated = await connection.fetchval("SELECT pg_stat_get_xact_tuples_hot_updated('deployment'::regclass)")
    await connection.close()
    assert updated == 1
