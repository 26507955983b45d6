"""A wait for changes ends with a change or with its time, however the API server treats it."""

import asyncio
from collections.abc import AsyncIterator
from typing import cast

import pytest

from slipway.clock import settle
from slipway_executor.cluster.kubernetes import KubernetesApi, NotThere
from slipway_executor.cluster.real import KubernetesCluster
from slipway_executor.failing import transient


class Server:
    """An API server that refuses watches, ends them at once, or tells of a change."""

    def __init__(self, answer: Exception | str) -> None:
        self.answer = answer
        self.asked = 0

    def acting_as(self, user: str) -> "Server":
        return self

    async def watch(self, path: str, version: str, timeout_sec: float) -> AsyncIterator[str]:
        self.asked += 1
        if isinstance(self.answer, Exception):
            raise self.answer
        if self.answer:
            yield self.answer


@pytest.mark.parametrize(
    "answer", [transient("cluster_unavailable", "429"), NotThere("watch"), ""], ids=["refused", "not there", "ended"]
)
async def test_a_watch_that_is_refused_is_no_change(answer: Exception | str):
    """Row 36: each return is a list of all objects, so a server in trouble was asked as often as it could answer."""
    server = Server(answer)
    cluster = KubernetesCluster(cast("KubernetesApi", server))
    waiting = asyncio.create_task(cluster.wait_for_change("n", {"Pod"}, timeout_sec=600))
    await settle(50)
    assert (server.asked, waiting.done()) == (1, False)
    waiting.cancel()


async def test_a_change_ends_the_wait():
    cluster = KubernetesCluster(cast("KubernetesApi", Server("a pod")))
    await asyncio.wait_for(cluster.wait_for_change("n", {"Pod"}, timeout_sec=600), 30)
