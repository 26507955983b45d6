"""`--wait` ends well only when what was asked for is done."""

from pathlib import Path
from typing import Any

import msgspec
import pytest

from slipway.cli.exits import Exit, Stop
from slipway.cli.waiting import until_done
from slipway.client import Slipway
from slipway.client.jobs import Job
from slipway.domain.events import CloudEvent, EventType
from slipway.domain.jobs import JobStatus
from tests.cli.scripted import DEPLOYMENT, FOUND, NOW, job, json, slipway
from tests.client.scripted import scripted


def the_tests_ran(*, succeeded: bool, seq: int = 1) -> CloudEvent:
    data: dict[str, Any] = {"job": "j", "succeeded": succeeded}
    return CloudEvent(
        id=f"{seq}", source="s", type=EventType.DEPLOYMENT_TESTED, time=NOW, slipwayseq=seq, slipwayepoch=1, slipwaypos=seq,
        data=data if succeeded else {**data, "reason": "pod check: exit 1"},
    )  # fmt: skip


async def waited(
    asked: str, *, job: Job, status: str = "ready", error: str | None = None, events: Any = ()
) -> tuple[Exit, str]:
    """Return how waiting for a deployment that had the status `asked` ends: its status then, or the message."""
    now = msgspec.structs.replace(DEPLOYMENT, status=status, last_error=error)
    async with (
        scripted(json({"items": [job]}), json(now), json({"items": events})) as (url, _),
        Slipway(url) as client,
    ):
        try:
            ended = await until_done(client, msgspec.structs.replace(DEPLOYMENT, status=asked), 60, after=0)
        except Stop as stopped:
            return stopped.code, str(stopped)
    return Exit.DONE, ended.status


@pytest.mark.parametrize("status", [JobStatus.SUCCEEDED, JobStatus.SUPERSEDED])
async def test_what_is_done_is_well(status: JobStatus):
    assert await waited("upgrading", job=job(status)) == (Exit.DONE, "ready")
    assert await waited("deleting", job=job(status), status="deleted") == (Exit.DONE, "deleted")


async def test_a_chart_s_failed_tests_are_a_failure():
    said = await waited("upgrading", job=job(JobStatus.SUCCEEDED), events=[the_tests_ran(succeeded=False)])
    assert said == (Exit.NOT_READY, "hello-a is ready, but its tests failed: pod check: exit 1")


async def test_the_last_run_of_the_tests_counts():
    events = [the_tests_ran(succeeded=False), the_tests_ran(succeeded=True, seq=2)]
    assert await waited("upgrading", job=job(JobStatus.SUCCEEDED), events=events) == (Exit.DONE, "ready")


@pytest.mark.parametrize("status", [JobStatus.FAILED, JobStatus.CANCELLED, JobStatus.QUARANTINED])
async def test_a_removal_that_was_given_up_is_a_failure(status: JobStatus):
    said = await waited("deleting", job=job(status, "its executor vanished 3 times in a row"), status="deleting")
    assert said == (Exit.NOT_READY, "hello-a failed: its executor vanished 3 times in a row")


async def test_a_failed_deployment_is_told_by_its_own_reason():
    said = await waited("upgrading", job=job(JobStatus.FAILED, "the job's"), status="error", error="its own")
    assert said == (Exit.NOT_READY, "hello-a failed: its own")


async def test_a_cluster_that_was_given_up_ends_a_removal_and_fails_a_change():
    given_up = job(JobStatus.CANCELLED, "its cluster was given up")
    assert await waited("deleting", job=given_up, status="deleted") == (Exit.DONE, "deleted")
    ended = await waited("upgrading", job=given_up, status="deleted")
    assert ended == (Exit.NOT_READY, "hello-a was deleted meanwhile")


async def test_jobs_of_a_status_are_found_behind_newer_ones(tmp_path: Path):
    newer, failed = job(JobStatus.SUCCEEDED), job(JobStatus.FAILED, "out of memory")
    async with scripted(FOUND, json({"items": [newer, newer, failed, failed]})) as (url, _):
        code, printed, told = await slipway(
            url, tmp_path, "admin", "list-reconcile-jobs", "--deployment", str(DEPLOYMENT.id), "--status", "failed",
            "--limit", "1", "-o", "json",
        )  # fmt: skip
    assert code == 0, told
    assert [each.id for each in msgspec.json.decode(printed, type=list[Job])] == [failed.id]
