"""What a user and an operator look at: the API, `helm`, `kubectl`."""

import asyncio
import json
import time
from collections.abc import Awaitable, Callable, Collection
from typing import Any, TypeVar

from slipway.client.http import SlipwayClient
from slipway.dev.stack import Stack
from slipway.identity import new_id

WITHIN_SEC = 150.0
T = TypeVar("T")


def fresh_domain() -> str:
    return f"e2e-{new_id().hex[-10:]}.example.org"


async def eventually(look: Callable[[], Awaitable[T | None]], what: str, within: float = WITHIN_SEC) -> T:
    """Return what is found within a bounded wait, looking again and again."""
    until = time.monotonic() + within
    while (found := await look()) is None:
        assert time.monotonic() < until, f"not within {within:.0f} s: {what}"
        await asyncio.sleep(0.1)
    return found


class Watcher:
    def __init__(self, stack: Stack, client: SlipwayClient) -> None:
        self._stack = stack
        self._client = client

    async def product(self, name: str) -> dict[str, Any]:
        return next(each for each in (await self._client.products())["items"] if each["name"] == name)

    async def new_product(self, template: dict[str, Any]) -> dict[str, Any]:
        """Publish a product of one version; return the version."""
        product = await self._client.post("/products", {"name": f"product {new_id()}"})
        return await self._client.post(f"/products/{product['id']}/templates", template)

    async def deploy(self, template: dict[str, Any], **fields: Any) -> dict[str, Any]:
        body = {"template_id": template["id"], "domain_name": fresh_domain(), **fields}
        return await self._client.post("/deployments", body)

    async def until(
        self, deployment: dict[str, Any], wanted: Collection[str], *, generation: int = 0
    ) -> dict[str, Any]:
        """Wait until the deployment has one of the statuses, at this generation or a later one."""

        async def look() -> dict[str, Any] | None:
            now = await self._client.get(f"/deployments/{deployment['id']}")
            settled = now["applied_generation"] or 0
            return now if now["status"] in wanted and (now["status"] != "ready" or settled >= generation) else None

        return await eventually(look, f"{deployment['release_name']} becomes {' or '.join(wanted)}")

    async def events(self, deployment: dict[str, Any]) -> list[dict[str, Any]]:
        return (await self._client.get(f"/deployments/{deployment['id']}/events?limit=200"))["items"]

    async def helm(self, *arguments: str) -> Any:
        return json.loads(await self.run("helm", *arguments, "--output=json"))

    async def kubectl(self, *arguments: str) -> Any:
        return json.loads(await self.run("kubectl", *arguments, "--output=json"))

    async def run(self, program: str, *arguments: str) -> str:
        process = await asyncio.create_subprocess_exec(
            str(self._stack.state / "bin" / program), *arguments,
            env={"KUBECONFIG": str(self._stack.kubeconfig), "PATH": "/usr/bin:/bin", "HOME": str(self._stack.state)},
            stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT,
        )  # fmt: skip
        output, _ = await process.communicate()
        assert process.returncode == 0, output.decode()
        return output.decode()

    async def namespaces(self) -> set[str]:
        return {item["metadata"]["name"] for item in (await self.kubectl("get", "namespaces"))["items"]}
