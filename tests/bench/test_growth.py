"""With many rows, what is done all the time reads no table from end to end; as in rung g, on a smaller database."""

from bench.growth import Growing, Rows, fill, whole_reads

from slipway.database.engine import Database

ROWS = Rows(deployments=6_000, events=30_000, jobs_each=2)


async def test_no_hot_statement_reads_a_whole_table(database: Database, database_url: str):
    await fill(database_url, ROWS)
    growing = await Growing.over(database, database_url, ROWS)
    found = {
        f"{name}: {line}"
        for name, operation in growing.operations.items()
        for plan in (await growing.plans(operation)).values()
        for line in whole_reads(plan)
    }
    assert not found


async def test_what_is_measured_is_undone(database: Database, database_url: str):
    rows = Rows(deployments=100, events=100)
    await fill(database_url, rows)
    growing = await Growing.over(database, database_url, rows)
    lease = growing.operations["lease"]
    asked = await growing.plans(lease)
    assert any("SKIP LOCKED" in statement for statement in asked)
    assert await growing.plans(lease) == asked


def test_a_whole_read_is_recognised():
    assert whole_reads("Limit\n  ->  Seq Scan on deployment d  (cost=1)") == ["->  Seq Scan on deployment d  (cost=1)"]
    assert not whole_reads("Index Scan using ix_deployment_page on deployment d")
    assert not whole_reads("Seq Scan on executor e")


async def test_a_page_of_ones_own_feed_is_read_from_ones_own_events(database: Database, database_url: str):
    """It was read from the feed of all, from its position on: 1.7 s with a million events."""
    await fill(database_url, ROWS)
    growing = await Growing.over(database, database_url, ROWS)
    [plan] = (await growing.plans(growing.operations["page of a user's feed"])).values()
    assert "ix_outbox_owner" in plan, plan
