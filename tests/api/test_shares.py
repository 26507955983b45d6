"""Each user has a share of what a process can hold open: nobody takes it from the others."""

from uuid import uuid4

import httpx
import pytest

from slipway_api.deps import Deps
from slipway_api.problems import ApiError
from slipway_api.turns import STREAMS_OF_ONE, Turns
from tests.api.conftest import World, refused


def test_one_who_has_their_share_waits_and_others_do_not():
    turns, one, other, third = Turns(of_one=2, most=3), uuid4(), uuid4(), uuid4()
    with turns.one(one):
        with turns.one(one):
            with pytest.raises(ApiError) as slowed, turns.one(one):
                pass
            assert slowed.value.code == "too_many"
            with turns.one(other):
                with pytest.raises(ApiError) as full, turns.one(third):
                    pass
                assert full.value.code == "unavailable"
        turns.check(one)
    assert not turns._open


async def test_a_user_with_all_their_streams_open_gets_no_more(
    api: httpx.AsyncClient, deps: Deps, world: World, address: str
):
    held = [deps.streams.one(world.mine.user) for _ in range(STREAMS_OF_ONE)]
    for each in held:
        each.__enter__()
    try:
        refused(await api.get("/events", headers=world.as_user), 429, "too_many")
        path = f"/deployments/{world.deployment}/pods/p/logs?follow=true"
        refused(await api.get(path, headers=world.as_user), 429, "too_many")
        path = f"{address}/api/v1/events"
        async with httpx.AsyncClient() as client, client.stream("GET", path, headers=world.as_other) as other:
            assert other.status_code == 200
    finally:
        for each in held:
            each.__exit__(None, None, None)
