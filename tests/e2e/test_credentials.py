"""Credentials of a registry in tenants' namespaces, and out of them again."""

from typing import Any

import pytest

from slipway.client.http import SlipwayClient
from tests.e2e.chart_host import ChartHost
from tests.e2e.watching import Watcher

pytestmark = pytest.mark.e2e
PULL_SECRET = "slipway-pull"


async def pull_secrets(watcher: Watcher, namespace: str) -> tuple[bool, list[dict[str, str]]]:
    """Return whether the Secret is there, and what the pods' account pulls with."""
    listed = (await watcher.kubectl("get", "secrets", "-n", namespace))["items"]
    account = await watcher.kubectl("get", "serviceaccount", "default", "-n", namespace)
    return any(each["metadata"]["name"] == PULL_SECRET for each in listed), account.get("imagePullSecrets", [])


async def looked_at_again(watcher: Watcher, client: SlipwayClient, deployment: dict[str, Any]) -> None:
    await client.post(f"/deployments/{deployment['id']}/reconcile")
    await watcher.until(deployment, {"ready"})


async def test_credentials_come_and_go_with_the_admins_word(watcher: Watcher, client: SlipwayClient, host: ChartHost):
    login = {"host": host.host, "username": "robot", "password": "correct-horse-battery"}
    registry = await client.post("/registries", login)
    try:
        hello = (await watcher.product("Hello"))["template"]
        deployment = await watcher.until(await watcher.deploy(hello), {"ready"})
        namespace = deployment["namespace_name"]
        assert await pull_secrets(watcher, namespace) == (True, [{"name": PULL_SECRET}])
        await client.post("/registries", {**login, "image_pull": False})
        await looked_at_again(watcher, client, deployment)
        assert await pull_secrets(watcher, namespace) == (False, [])
        await client.post("/registries", login)
        await looked_at_again(watcher, client, deployment)
        assert await pull_secrets(watcher, namespace) == (True, [{"name": PULL_SECRET}])
    finally:
        await client.delete(f"/registries/{registry['id']}")
    await looked_at_again(watcher, client, deployment)
    assert await pull_secrets(watcher, namespace) == (False, []), "removed credentials are not left behind"
