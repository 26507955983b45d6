"""Where a job has its place in the queue, whoever puts it in."""

from sqlalchemy import text

from slipway.database.engine import Database, Scope
from slipway.database.queries import deployments, enqueue
from slipway.domain.jobs import JobReason
from tests.support.rows import deploy, seed


async def test_a_new_users_job_is_level_with_what_others_have_come_to(database: Database, api_database: Database):
    """The API sees jobs of its user alone: else those who come anew would go before all that wait."""
    await deploy(database, await seed(database, email="busy@example.org"))
    new = await seed(database, email="new@example.org")
    async with database.writing() as session:
        await session.execute(text("UPDATE deployment_reconcile_job SET status = 'running', queue_key = 500"))
        deployment = await deployments.add(
            session, user_id=new.user, domain_name="new.example.org", deployment_uid="new", namespace_name="new",
            release_name="new", desired_template_id=new.template, status="provisioning",
        )  # fmt: skip
    async with api_database.writing(Scope(user_id=new.user)) as session:
        mine = await enqueue.enqueue(
            session, deployment=deployment, user=new.user, cluster="local", reason=JobReason.UPDATE, generation=1
        )
        place = await session.execute(
            text("SELECT queue_key FROM deployment_reconcile_job WHERE id = :id"), {"id": mine}
        )
        assert place.scalar_one() == 500


async def test_a_background_job_that_was_leased_early_does_not_push_others_behind_its_users_flood(database: Database):
    """Its place is behind all that its user has waiting."""
    flooder, third = [await seed(database, email=f"{name}@example.org") for name in ("flooder", "third")]
    for number in range(4):
        await deploy(database, flooder, number)
    async with database.writing() as session:
        await session.execute(text("UPDATE deployment_reconcile_job SET status = 'running' WHERE queue_key = 1"))
        await session.execute(
            text(
                "UPDATE deployment_reconcile_job SET status = 'leased', reason = 'drift', priority = 1, queue_key = 10001"
                " WHERE queue_key = 4"
            )
        )
    mine = await deploy(database, third, 9)
    async with database.writing() as session:
        place = await session.execute(
            text("SELECT queue_key FROM deployment_reconcile_job WHERE deployment_id = :mine"), {"mine": mine}
        )
        assert place.scalar_one() == 1, "level with the change at work"
