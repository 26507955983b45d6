"""Drift, expiry, cleaning and kept archives, on a real PostgreSQL as the scheduler's own login."""

import asyncio
import math
from collections.abc import AsyncIterator
from typing import Any
from uuid import UUID

import msgspec
import pytest
from sqlalchemy import text

from slipway.database.engine import Database
from slipway.database.queries import drift
from slipway.domain.archives import CHART_LAYER, digest_of
from slipway.domain.failures import Failure, FailureClass
from slipway.domain.revisions import Drifted
from slipway.identity import new_id
from slipway.messaging import subjects
from slipway.messaging.memory import MemoryBroker
from slipway.messaging.messages import ArchivePiece, Beat, WantedPiece, encode
from slipway.messaging.queries import Answered, FindDrift, FoundDrift
from slipway_scheduler.archives import Archives
from slipway_scheduler.claims import Claims
from slipway_scheduler.cleaning import Cleaning
from slipway_scheduler.drift import AT_ONCE, GAP_SEC, DriftScan, allowed, spread
from slipway_scheduler.expiry import Expiry
from tests.support.rows import Seeded, deploy, seed

DRIFT = FoundDrift(objects=[Drifted(kind="Deployment", name="web", fields=("/spec/replicas",))])


class World:
    """One ready deployment, and executors that answer what they are told to."""

    def __init__(self, superuser: Database, scheduler: Database, deployment: UUID) -> None:
        self.superuser = superuser
        self.scheduler = scheduler
        self.deployment = deployment
        self.broker = MemoryBroker()
        self.answer: Answered | None = DRIFT
        self.asked: list[FindDrift] = []
        self.scan = DriftScan(scheduler, self.broker, every_sec=600, committed=lambda: None)
        self.expiry = Expiry(scheduler, committed=lambda: None)
        self.cleaning = Cleaning(scheduler)
        self.claims = Claims(scheduler, committed=lambda: None)
        self.archives = Archives(scheduler)

    async def reply(self, subject: str, request: bytes) -> bytes | None:
        self.asked.append(msgspec.json.decode(request, type=FindDrift))
        return encode(self.answer) if self.answer else None

    async def do(self, statement: str) -> None:
        async with self.superuser.writing() as session:
            await session.execute(text(statement))

    async def rows(self, statement: str) -> list[dict[str, Any]]:
        async with self.superuser.reading() as session:
            return [dict(row) for row in (await session.execute(text(statement))).mappings()]

    async def events(self) -> list[str]:
        found = await self.rows("SELECT type FROM outbox_event ORDER BY id")
        return [row["type"].removeprefix("dev.slipway.deployment.") for row in found]

    async def policy(self, **drift: Any) -> None:
        await self.do("ALTER TABLE product_template_version DISABLE TRIGGER USER")
        raw = msgspec.json.encode({"drift": drift}).decode().replace(":", "\\:")
        await self.do(f"UPDATE product_template_version SET capabilities_json = '{raw}'")

    async def become_ready(self) -> None:
        await self.do("UPDATE deployment_reconcile_job SET status = 'succeeded'")
        await self.do(
            "UPDATE deployment SET status = 'ready', applied_generation = 1, applied_template_id = desired_template_id,"
            " scan_after = coalesce(scan_after, now())"
        )
        await self.do(
            "INSERT INTO deployment_revision (deployment_id, revision, generation, template_id, digest, succeeded, job_id)"
            " SELECT id, 3, 1, desired_template_id, 'd', true, gen_random_uuid() FROM deployment ON CONFLICT DO NOTHING"
        )

    async def many(self, count: int) -> None:
        """Have so many more ready deployments."""
        [row] = await self.rows("SELECT user_id, desired_template_id AS template FROM deployment")
        seeded = Seeded(user=row["user_id"], product=new_id(), template=row["template"])
        for number in range(2, count + 2):
            await deploy(self.superuser, seeded, number)
        await self.become_ready()

    async def version(self, digest: str) -> UUID:
        """Publish a version with this digest; return its id."""
        made = new_id()
        reference = r"oci\://r.example.org/c"
        digest = digest.replace(":", r"\:")
        await self.do(
            "INSERT INTO product_template_version (id, product_id, chart_ref, chart_version, chart_digest)"
            f" SELECT '{made}', id, '{reference}', '1', '{digest}' FROM product"
        )
        return made

    async def keep(self, digest: str) -> bool:
        """Have a piece of this digest kept; tell whether it was."""
        await self.archives.keep("", encode(ArchivePiece(digest=digest, number=0, total=2, content=b"x")))
        return await self.archives.kept("", encode(WantedPiece(digest=digest, number=0))) != b"null"


@pytest.fixture
async def world(database: Database, scheduler_database: Database) -> AsyncIterator[World]:
    seeded = await seed(database)
    made = World(database, scheduler_database, await deploy(database, seeded))
    await made.become_ready()
    async with made.broker.respond(subjects.queries("local"), made.reply, group="executors"):
        yield made


async def test_drift_is_told_once_and_corrected_by_a_job(world: World):
    assert await world.scan.run_once() == 1
    [asked] = world.asked
    assert (asked.revision, asked.place.deployment) == (3, world.deployment)
    assert await world.events() == ["drifted.v1"]
    [job] = await world.rows("SELECT reason, options FROM deployment_reconcile_job WHERE status = 'queued'")
    assert job == {"reason": "drift", "options": ["compare"]}
    [row] = await world.rows("SELECT drifted, generation, status FROM deployment")
    assert row == {"drifted": True, "generation": 1, "status": "ready"}
    assert await world.scan.run_once() == 0, "it is not due again, and a job is under way"
    await world.do("UPDATE deployment_reconcile_job SET status = 'failed'")
    await world.do("UPDATE deployment SET scan_after = now()")
    await world.scan.run_once()
    assert await world.events() == ["drifted.v1"], "the same drift is no news"


@pytest.mark.parametrize(("unused_sec", "count"), [(-1, 0), (0.2, 0), (0.25, 1), (1.9, 7), (3600, 8), (math.inf, 8)])
def test_a_clusters_share_of_scans_grows_with_time_and_is_bounded(unused_sec: float, count: int):
    assert allowed(unused_sec) == count


def test_the_next_comparison_is_a_quarter_sooner_or_later():
    assert [spread(600, jitter) for jitter in (0, 0.5, 1)] == [450, 600, 750]


async def test_schedulers_share_the_pace_of_a_cluster(world: World):
    """The bound is that of the database's clock, so a slow machine may compare more, and never too many."""
    await world.many(60)
    [before] = await world.rows("SELECT now() AS at")
    scans = [world.scan, DriftScan(world.scheduler, world.broker, every_sec=600, committed=lambda: None)]
    for _ in range(6):
        await asyncio.gather(*(scan.run_once() for scan in scans))
    [after] = await world.rows("SELECT now() AS at")
    passed_sec = (after["at"] - before["at"]).total_seconds()
    assert AT_ONCE <= len(world.asked) <= AT_ONCE + passed_sec / GAP_SEC


async def test_whoever_waits_keeps_the_place_when_all_are_asked_for_again(world: World):
    await world.many(3)
    await world.do("UPDATE deployment SET scan_after = now() + interval '1 hour'")
    await world.do(f"UPDATE deployment SET scan_after = now() - interval '1 hour' WHERE id = '{world.deployment}'")
    async with world.superuser.writing() as session:
        assert await drift.all_now(session) == 4
    first, second, *_ = await world.rows("SELECT id, scan_after <= now() AS due FROM deployment ORDER BY scan_after")
    assert (first["id"], second["due"]) == (world.deployment, True)
    [kept] = await world.rows(
        "SELECT count(*) AS those FROM deployment WHERE scan_after < now() - interval '59 minutes'"
    )
    assert kept["those"] == 1


async def test_a_cluster_whose_pace_another_scheduler_holds_is_left_to_it(world: World):
    async with world.superuser.writing() as session:
        await session.execute(text("SELECT 1 FROM cluster FOR UPDATE"))
        assert await world.scan.run_once() == 0
    assert await world.scan.run_once() == 1


async def test_what_the_template_says_is_done(world: World):
    await world.policy(mode="warn", ignore=["/spec/replicas"])
    await world.scan.run_once()
    assert world.asked[0].ignore == ("/spec/replicas",)
    assert await world.events() == ["drifted.v1"]
    assert await world.rows("SELECT 1 FROM deployment_reconcile_job WHERE status = 'queued'") == []
    await world.policy(mode="ignore")
    await world.do("UPDATE deployment SET scan_after = now()")
    world.asked.clear()
    assert (await world.scan.run_once(), world.asked) == (1, [])


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE deployment SET suspended = true",
        "UPDATE deployment SET status = 'error'",
        "UPDATE deployment SET hold_generation = generation",
        "UPDATE deployment SET scan_after = now() + interval '1 minute'",
        "UPDATE deployment_reconcile_job SET status = 'delayed'",
    ],
)
async def test_some_are_left_alone(world: World, statement: str):
    await world.do(statement)
    assert (await world.scan.run_once(), world.asked) == (0, [])


async def test_an_answer_that_says_nothing_changes_nothing(world: World):
    world.answer = Answered(
        failure=Failure(failure_class=FailureClass.TRANSIENT, code="cluster_unreachable", reason="x")
    )
    await world.scan.run_once()
    assert await world.events() == []
    assert await world.rows("SELECT 1 FROM deployment WHERE scan_after < now() + interval '2 minutes'"), "again soon"


async def test_a_change_that_came_meanwhile_is_not_disturbed(world: World):
    async def changing(subject: str, request: bytes) -> bytes | None:
        await world.do("UPDATE deployment SET generation = 2, status = 'upgrading'")
        return await world.reply(subject, request)

    broker = MemoryBroker()
    scan = DriftScan(world.scheduler, broker, every_sec=600, committed=lambda: None)
    async with broker.respond(subjects.queries("local"), changing, group="executors"):
        await scan.run_once()
    assert await world.events() == []


async def test_an_expiry_is_warned_of_once_and_then_carried_out(world: World):
    await world.do("UPDATE deployment SET expires_at = now() + interval '2 days'")
    assert await world.expiry.run_once() == 0
    await world.do("UPDATE deployment SET expires_at = now() + interval '23 hours'")
    assert (await world.expiry.run_once(), await world.expiry.run_once()) == (1, 0)
    await world.do("UPDATE deployment SET expires_at = now() - interval '1 second', suspended = true")
    assert await world.expiry.run_once() == 1
    assert await world.events() == ["expires_soon.v1", "delete_requested.v1"]
    [row] = await world.rows("SELECT status FROM deployment")
    assert row["status"] == "deleting"
    assert await world.expiry.run_once() == 0


async def test_what_is_over_is_forgotten(world: World):
    old = "now() - interval '8 days'"
    for age in ("now()", old):
        await world.do(
            "INSERT INTO idempotency_record (user_id, key, request_hash, status_code, body, created_at)"
            f" VALUES (gen_random_uuid(), 'k', 'h', 202, '', {age})"
        )
        await world.do(
            "INSERT INTO report_record (job_id, fence, seq, deployment_id, applied, created_at)"
            f" VALUES (gen_random_uuid(), 1, 1, gen_random_uuid(), true, {age})"
        )
    assert await world.cleaning.run_once() == 2
    assert len(await world.rows("SELECT 1 FROM idempotency_record UNION ALL SELECT 1 FROM report_record")) == 2


async def test_reports_that_are_over_are_all_forgotten_in_one_pass(world: World):
    await world.do("ALTER TABLE report_record DISABLE TRIGGER USER")
    await world.do(
        "INSERT INTO report_record (job_id, fence, seq, deployment_id, applied, created_at)"
        " SELECT gen_random_uuid(), 1, 1, gen_random_uuid(), true, now() - interval '8 days' FROM generate_series(1, 2500)"
    )
    assert await world.cleaning.run_once() == 2500


async def test_a_chart_that_was_uploaded_and_never_published_goes_after_a_day(world: World):
    await world.do("ALTER TABLE chart_archive_part DISABLE TRIGGER USER")  # it says when a row was made
    for digest, age in (("sha256:old", "2 days"), ("sha256:new", "1 hour"), ("sha256:published", "2 days")):
        await world.do(
            "INSERT INTO chart_archive_part (digest, number, total, content, created_at)"
            f" SELECT '{digest}', number, 2, '', now() - interval '{age}' FROM generate_series(0, 1) number"
        )
    await world.do("ALTER TABLE product_template_version DISABLE TRIGGER USER")
    await world.do("UPDATE product_template_version SET chart_digest = 'sha256:published'")
    assert await world.cleaning.run_once() == 2
    kept = await world.rows("SELECT DISTINCT digest FROM chart_archive_part ORDER BY digest")
    assert [each["digest"] for each in kept] == ["sha256:new", "sha256:published"]


async def test_a_clusters_key_is_taken_from_its_beats(world: World):
    for key in ("one", "one", "two"):
        beat = Beat(instance="e1", cluster="local", slots=1, free=1, version="1", public_key=key)
        await world.claims.beat(subjects.beat("local"), encode(beat))
    assert await world.rows("SELECT public_key FROM cluster") == [{"public_key": "two"}]


async def test_pieces_of_archives_are_kept_and_given_back(world: World):
    digest = digest_of(b"\x00\xff")
    pieces = [
        ArchivePiece(digest=digest, number=number, total=3, content=each)
        for number, each in enumerate((b"", b"\x00", b"\xff"))
    ]
    await world.version(digest)
    other = ArchivePiece(digest=digest, number=1, total=3, content=b"another")
    for each in (*pieces[:2], other, pieces[2], other):
        await world.archives.keep("", encode(each))
    for piece in pieces:
        raw = await world.archives.kept("", encode(WantedPiece(digest=digest, number=piece.number)))
        assert msgspec.json.decode(raw or b"", type=ArchivePiece) == piece, "the first one stays"
    assert await world.archives.kept("", encode(WantedPiece(digest=digest, number=3))) == b"null"


MANIFEST = msgspec.json.encode({"layers": [{"mediaType": CHART_LAYER, "digest": digest_of(b"chart")}]})


@pytest.mark.parametrize(
    ("digest", "contents", "kept"),
    [
        (digest_of(MANIFEST), (MANIFEST, b"ch", b"art"), True),
        (digest_of(MANIFEST), (MANIFEST, b"ch", b"ain"), False),
        (digest_of(MANIFEST), (b"", b"ch", b"art"), False),
        (digest_of(b"{}"), (b"{}", b"ch", b"art"), False),
        (digest_of(b"chart"), (b"", b"ch", b"ain"), False),
        (digest_of(b"chart"), (None, b"ch", b"art"), False),
    ],
    ids=[
        "manifest and archive",
        "another archive",
        "no manifest",
        "no chart's",
        "another upload",
        "a piece is missing",
    ],
)
async def test_what_is_not_the_archive_stays_nowhere(
    world: World, digest: str, contents: tuple[bytes | None, ...], *, kept: bool
):
    """An executor of any cluster may send pieces first: what it spoils it must not spoil for the others."""
    await world.version(digest)
    for number, content in enumerate(contents):
        if content is not None:
            piece = ArchivePiece(digest=digest, number=number, total=len(contents), content=content)
            await world.archives.keep("", encode(piece))
    assert len(await world.rows("SELECT number FROM chart_archive_part")) == (len(contents) if kept else 0)


async def test_only_archives_of_versions_are_kept(world: World):
    assert not await world.keep("sha256:nobodys")
    await world.version("sha256:known")
    assert await world.keep("sha256:known")


WITHDRAW = "UPDATE product_template_version SET deleted_at = now() WHERE id = '{}'"


@pytest.mark.parametrize(
    ("use", "end"),
    [
        ("UPDATE deployment SET desired_template_id = '{}'", "UPDATE deployment SET deleted_at = now()"),
        (
            "UPDATE deployment_revision SET template_id = '{}'",
            "DELETE FROM deployment_revision WHERE template_id = '{}'",
        ),
        ("SELECT 1", "UPDATE product SET deleted_at = now()"),
    ],
    ids=["wanted", "to go back to", "published"],
)
async def test_an_archive_goes_when_nobody_needs_it_any_more(world: World, use: str, end: str):
    version = await world.version("sha256:a")
    await world.keep("sha256:a")
    await world.do("ALTER TABLE chart_archive_part DISABLE TRIGGER USER")  # it says when a row was made
    await world.do("UPDATE chart_archive_part SET created_at = now() - interval '2 days'")
    await world.do(use.format(version))
    if use != "SELECT 1":
        await world.do(WITHDRAW.format(version))
    assert await world.cleaning.run_once() == 0, "it is needed still"
    await world.do(end.format(version))
    assert await world.cleaning.run_once() == 1
    assert not await world.keep("sha256:a")
