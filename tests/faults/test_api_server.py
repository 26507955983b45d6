"""Row 36: the API server is away, silent, slow or answers with errors, and nothing is undone or given up for it."""

from collections.abc import AsyncIterator
from typing import Any

import pytest

from slipway.client.http import SlipwayClient
from slipway.dev.stack import Stack
from tests.e2e import charts
from tests.e2e.watching import eventually
from tests.faults import gates, invariants, kubeconfigs
from tests.faults.api_proxy import ApiProxy, Manner, standing
from tests.faults.system import System

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(600)]
WAYS = (Manner.DOWN, Manner.BLACK_HOLE, Manner.TOO_MANY, Manner.BROKEN)


@pytest.fixture(scope="module")
async def between(stack: Stack) -> AsyncIterator[ApiProxy]:
    async with standing(stack) as proxy:
        yield proxy


@pytest.fixture(scope="module")
async def system(stack: Stack, token: str, between: ApiProxy) -> AsyncIterator[System]:
    """The system with one executor, which reaches the API server only through the proxy; judged once, at the end."""
    async with SlipwayClient(stack.api_url, token=token) as client:
        system = System(stack, client, token)
        await system.without("executor-2")
        await system.restart("executor-1", {"KUBECONFIG": kubeconfigs.at(stack, between.url)})
        yield system
        await system.heal()
        await invariants.check(stack, token, system.accepted)


@pytest.fixture
async def proxy(system: System, between: ApiProxy) -> AsyncIterator[ApiProxy]:
    """The proxy, which behaves again after each test."""
    yield between
    await between.behave(Manner.FINE)


async def serves_its_second(system: System, deployment: dict[str, Any]) -> None:
    """What was ready before the fault is upgraded after it, without a step back in between."""
    ready = await system.ready(deployment, generation=2)
    history = await system.watcher.helm("history", ready["release_name"], "-n", ready["namespace_name"])
    assert not [each for each in history if each["description"].startswith("Rollback")]
    assert ready["applied_generation"] == 2
    events = [each["data"] for each in await system.watcher.events(deployment) if each["type"].endswith("failed.v1")]
    assert {(each["failure_class"], each["will_retry"]) for each in events} <= {("transient", True)}


@pytest.mark.parametrize("manner", WAYS)
async def test_it_fails_before_an_upgrade_begins(system: System, proxy: ApiProxy, manner: Manner):
    """It is tried again, uncounted: nothing was changed."""
    deployment = await system.ready(await system.deploy())
    await proxy.behave(manner)
    await system.change(deployment, user_values={"replicas": 2})
    told = await system.watcher.failure(deployment)
    assert (told["failure_class"], told["will_retry"], told["attempt"]) == ("transient", True, 0)
    assert "API server" in told["reason"] or "release" in told["reason"], told["reason"]
    await proxy.behave(Manner.FINE)
    await serves_its_second(system, deployment)


@pytest.mark.parametrize("manner", [Manner.DOWN, Manner.TOO_MANY, Manner.BROKEN])
async def test_it_fails_in_the_middle_of_an_upgrade(system: System, proxy: ApiProxy, manner: Manner):
    """Helm waits in a hook at that moment; its record is left pending, settled later, and nothing goes back."""
    template = await system.watcher.new_product(await gates.gated(system.stack, "pre-upgrade"))
    deployment = await system.ready(await system.deploy(template))
    name = deployment["namespace_name"]
    await system.change(deployment, user_values={"colour": "red"})

    async def waiting() -> bool | None:
        return bool((await system.watcher.kubectl("get", "jobs", "-n", name))["items"]) or None

    await eventually(waiting, "Helm waits in its hook")
    await proxy.behave(manner)
    told = await system.watcher.failure(deployment)
    assert told["failure_class"] == "transient", told
    await gates.open_gate(system.watcher, name)
    await proxy.behave(Manner.FINE)
    await serves_its_second(system, deployment)
    settings = await system.watcher.kubectl("get", "configmap", "settings", "-n", name)
    assert settings["data"]["colour"] == "red"


async def test_it_is_slow(system: System, proxy: ApiProxy):
    """Slower by a fifth of a second an answer: everything takes longer, and works."""
    await proxy.behave(Manner.SLOW)
    template = await system.watcher.new_product(await charts.app(system.stack))
    deployment = await system.ready(await system.deploy(template))
    await system.change(deployment, user_values={"colour": "red"})
    await serves_its_second(system, deployment)
    assert proxy.met.is_set()


async def test_it_is_away_while_objects_are_watched(system: System, proxy: ApiProxy):
    """The wait for pods is begun again; what was applied stays, and is not applied twice."""
    template = await system.watcher.new_product(await charts.app(system.stack, health_timeout_sec=600))
    slow = "registry.example.org/slipway-test/stays-pending:1"
    deployment = await system.deploy(template, user_values={"image": slow})

    async def watched() -> bool | None:
        return any(each["type"].endswith("progressed.v1") for each in await system.watcher.events(deployment)) or None

    await eventually(watched, "its objects are being watched")
    await proxy.behave(Manner.DOWN)
    assert (await system.watcher.failure(deployment))["failure_class"] == "transient"
    await proxy.behave(Manner.FINE)
    name = deployment["namespace_name"]
    await system.change(deployment, user_values={"image": "registry.example.org/app:2"})
    await system.ready(deployment, generation=2)
    [release] = await system.watcher.helm("list", "--namespace", name)
    assert (release["status"], release["revision"]) == ("deployed", "2")
