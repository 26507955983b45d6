"""Rows 37, H11 and H9: credentials that expire, rights that are taken away, a program that is missing."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from slipway.client.http import SlipwayClient
from slipway.dev.stack import Stack
from slipway.identity import new_id
from tests.e2e.watching import eventually
from tests.faults import invariants, kubeconfigs
from tests.faults.system import System

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(600)]
PLACE = ("--namespace", "default")


class Account:
    """A ServiceAccount that an executor runs as, its token in a file."""

    def __init__(self, system: System) -> None:
        self._system = system
        self.name = f"executor-{new_id().hex[-8:]}"
        self.token_file = Path(system.stack.state / f"token-{self.name}")

    async def make(self) -> None:
        await self._kubectl("create", "serviceaccount", self.name, *PLACE)
        token = await self._kubectl("create", "token", self.name, *PLACE)
        self.token_file.write_text(token.strip())

    async def allow(self) -> None:
        who = f"--serviceaccount=default:{self.name}"
        await self._kubectl("create", "clusterrolebinding", self.name, "--clusterrole=cluster-admin", who)

    async def forbid(self) -> None:
        await self._kubectl("delete", "clusterrolebinding", self.name)

    async def revoke(self) -> None:
        """Make the token worth nothing, and wait until the API server has noticed."""
        await self._kubectl("delete", "serviceaccount", self.name, *PLACE)

        async def refused() -> bool | None:
            shown = await self._kubectl("auth", "whoami", f"--token={self.token_file.read_text()}", succeeds=False)
            return "Unauthorized" in shown or None

        await eventually(refused, "the token is refused")

    async def _kubectl(self, *arguments: str, succeeds: bool = True) -> str:
        return await self._system.watcher.run("kubectl", *arguments, succeeds=succeeds)


@pytest.fixture(scope="module")
async def system(stack: Stack, token: str) -> AsyncIterator[System]:
    """The system with one executor, whose account may lose token and rights; judged once, at the end."""
    async with SlipwayClient(stack.api_url, token=token) as client:
        system = System(stack, client, token)
        await system.without("executor-2")
        yield system
        await system.heal()
        await invariants.check(stack, token, system.accepted)


@pytest.fixture(scope="module")
async def account(system: System) -> Account:
    """The account of the only executor."""
    account = Account(system)
    await account.make()
    await account.allow()
    await system.restart("executor-1", {"KUBECONFIG": kubeconfigs.bearing(system.stack, account.token_file)})
    return account


async def still(system: System, deployment: dict[str, Any], status: str) -> dict[str, Any]:
    found = await system.client.get(f"/deployments/{deployment['id']}")
    assert found["status"] == status
    return found


async def test_a_token_that_expired_is_waited_for(system: System, account: Account):
    """Row 37 (401): the executor goes on with the next token by itself, when there is one."""
    deployment = await system.ready(await system.deploy())
    await account.revoke()
    await system.change(deployment, user_values={"replicas": 2})
    told = await system.watcher.failure(deployment)
    assert (told["failure_class"], told["code"], told["will_retry"], told["attempt"]) == (
        "transient", "cluster_unauthorized", True, 0,
    )  # fmt: skip
    pid = system.stack.services["executor-1"].pid
    await account.make()
    await system.ready(deployment, generation=2)
    assert system.stack.services["executor-1"].pid == pid


async def test_a_delete_waits_for_credentials(system: System, account: Account):
    """Row H11: without them nothing can be said to be gone."""
    deployment = await system.ready(await system.deploy())
    await account.revoke()
    await system.client.delete(f"/deployments/{deployment['id']}")
    assert (await system.watcher.failure(deployment))["code"] == "cluster_unauthorized"
    assert "credentials" in (await still(system, deployment, "deleting"))["last_error"]
    assert deployment["namespace_name"] in await system.watcher.namespaces()
    await account.make()
    await system.watcher.until(deployment, {"deleted"})
    assert deployment["namespace_name"] not in await system.watcher.namespaces()


async def test_rights_that_are_missing_need_a_person(system: System, account: Account):
    """Row 37 (403): no retry helps; once they are given, a person asks again."""
    deployment = await system.ready(await system.deploy())
    await account.forbid()
    await system.change(deployment, user_values={"replicas": 2})
    told = await system.watcher.failure(deployment)
    assert (told["failure_class"], told["code"], told["will_retry"]) == ("needs_person", "cluster_forbidden", False)
    shown = await system.watcher.until(deployment, {"error"})
    assert account.name in shown["last_error"], "it says who lacks the right"
    await account.allow()
    await system.client.post(f"/deployments/{deployment['id']}/reconcile")
    await system.ready(deployment, generation=2)


async def test_a_missing_program_is_no_missing_release(system: System, tmp_path: Path):
    """Row H9: "not found" of something else never counts as removed."""
    deployment = await system.ready(await system.deploy())
    program = tmp_path / "helm"
    program.symlink_to(system.stack.binaries.helm)
    await system.restart("executor-1", {"SLIPWAY_HELM_ENGINE": "off", "SLIPWAY_HELM": str(program)})
    program.unlink()
    await system.client.delete(f"/deployments/{deployment['id']}")
    assert (await system.watcher.failure(deployment))["code"] == "helm_missing"
    await still(system, deployment, "deleting")
    [release] = await system.watcher.helm("list", "--namespace", deployment["namespace_name"])
    assert release["status"] == "deployed"
    await system.restart("executor-1", {})
    await system.watcher.until(deployment, {"deleted"})
