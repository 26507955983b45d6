"""`slipway rollback` without a number goes to what served before what is wanted now."""

from pathlib import Path

import msgspec
import pytest

from slipway.client.insight import Revision
from slipway.identity import new_id
from tests.cli.scripted import DEPLOYMENT, NOW, json, slipway
from tests.client.scripted import scripted


def revision(number: int, generation: int, *, ready: bool = True) -> Revision:
    return Revision(revision=number, generation=generation, template_id=new_id(), succeeded=ready, created_at=NOW)


FIRST, SECOND = revision(1, 1), revision(2, 2)


@pytest.mark.parametrize(
    ("status", "generation", "revisions", "wanted"),
    [
        ("ready", 2, [SECOND, FIRST], 1),
        ("upgrading", 3, [SECOND, FIRST], 2),
        ("upgrading", 3, [revision(3, 3, ready=False), SECOND, FIRST], 2),
        ("error", 3, [revision(3, 3, ready=False), SECOND, FIRST], 2),
        ("error", 3, [revision(4, 2), revision(3, 3, ready=False), SECOND, FIRST], 4),
        ("error", 2, [SECOND, FIRST], 1),
    ],
    ids=["ready", "a-change-waits", "a-change-runs", "a-change-failed", "it-went-back", "it-broke-later"],
)
async def test_it_goes_back_to_what_was_ready_before(
    status: str, generation: int, revisions: list[Revision], wanted: int, tmp_path: Path
):
    found = msgspec.structs.replace(DEPLOYMENT, status=status, generation=generation, applied_generation=2)
    asked = msgspec.structs.replace(found, status="upgrading", generation=generation + 1)
    answers = (json(found), json({"items": revisions}), json({"items": []}), json(asked))
    async with scripted(*answers) as (url, server):
        code, _, told = await slipway(url, tmp_path, "rollback", str(DEPLOYMENT.id))
    assert (code, f"going back to revision {wanted}" in told) == (0, True), told
    assert msgspec.json.decode(server.asked[-1].body) == {"revision": wanted}


async def test_with_nothing_to_go_back_to_it_says_so(tmp_path: Path):
    async with scripted(json(DEPLOYMENT), json({"items": [FIRST]})) as (url, _):
        code, _, told = await slipway(url, tmp_path, "rollback", str(DEPLOYMENT.id))
    assert (code, "no earlier revision that was ready" in told) == (5, True), told


async def test_what_is_wanted_already_is_told(tmp_path: Path):
    async with scripted(json(DEPLOYMENT), json({"items": []}), json(DEPLOYMENT)) as (url, _):
        code, _, told = await slipway(url, tmp_path, "rollback", str(DEPLOYMENT.id), "1")
    assert (code, "nothing changes" in told) == (0, True), told
