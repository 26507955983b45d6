"""Jobs that have left the queue: listed where they were, and not queued again."""

import httpx
from sqlalchemy import text

from slipway.database.engine import Database
from slipway.database.queries import history
from tests.api.conftest import World, refused
from tests.support.rows import deploy


async def test_people_see_no_difference_and_are_told_when_it_is_too_late(
    api: httpx.AsyncClient, world: World, database: Database
):
    newer = await deploy(database, world.mine, 3)
    async with database.writing() as session:
        await session.execute(
            text(
                "UPDATE deployment_reconcile_job SET status = 'failed', finished_at = now() - interval '40 days',"
                " last_error = 'no such image' WHERE deployment_id = :d"
            ),
            {"d": world.deployment},
        )
        assert await history.move(session, most=10) == 1
    [old] = (await api.get(f"/deployments/{world.deployment}/jobs", headers=world.as_user)).json()["items"]
    assert (old["status"], old["last_error"]) == ("failed", "no such image")
    listed = (await api.get("/jobs", headers=world.as_admin)).json()["items"]
    assert {each["deployment_id"] for each in listed} >= {str(newer), str(world.deployment)}
    [failed] = (await api.get("/jobs?status=failed", headers=world.as_admin)).json()["items"]
    assert failed == old
    problem = refused(await api.post(f"/jobs/{old['id']}/requeue", headers=world.as_admin), 409, "conflict")
    assert "reconcile" in problem["detail"]
    refused(await api.get(f"/deployments/{world.deployment}/jobs", headers=world.as_other), 404, "not_found")
