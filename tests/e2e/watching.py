"""What a user and an operator look at: the API, `helm`, `kubectl`."""

import asyncio
import json
import tempfile
import time
from collections.abc import Awaitable, Callable, Collection
from typing import Any, TypeVar
from uuid import UUID

import asyncpg

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
        now = deployment

        async def look() -> dict[str, Any] | None:
            nonlocal now
            now = await self._client.get(f"/deployments/{deployment['id']}")
            settled = now["applied_generation"] or 0
            return now if now["status"] in wanted and (now["status"] != "ready" or settled >= generation) else None

        try:
            return await eventually(look, f"{deployment['release_name']} becomes {' or '.join(wanted)}")
        except AssertionError as error:
            error.add_note(f"it is {now['status']}: {now['last_error']}")
            raise

    async def events(self, deployment: dict[str, Any]) -> list[dict[str, Any]]:
        return (await self._client.get(f"/deployments/{deployment['id']}/events?limit=200"))["items"]

    async def failure(self, deployment: dict[str, Any]) -> dict[str, Any]:
        """Return the last failure that was told of a deployment, as soon as there is one."""

        async def look() -> dict[str, Any] | None:
            told = [each["data"] for each in await self.events(deployment) if each["type"].endswith("failed.v1")]
            return told[-1] if told else None

        return await eventually(look, f"a failure of {deployment['release_name']} is told")

    async def drift(self, deployment: dict[str, Any]) -> dict[str, Any]:
        """Have everything compared until a drift of this deployment was told; return what was told first."""

        async def look() -> dict[str, Any] | None:
            await self._client.post("/admin/drift-scan")
            events = await self.events(deployment)
            return next((each["data"] for each in events if each["type"].endswith("drifted.v1")), None)

        return await eventually(look, f"a drift of {deployment['release_name']} is told")

    async def compared(self, deployment: dict[str, Any]) -> None:
        """Have all ready deployments compared with their releases, and wait until this one was, and is due much later."""
        database = await asyncpg.connect(self._stack.database_url)

        async def look() -> bool | None:
            later = "SELECT scan_after > now() + interval '2 minutes' FROM deployment WHERE id = $1"
            return await database.fetchval(later, UUID(deployment["id"])) or None

        try:
            await self._client.post("/admin/drift-scan")
            await eventually(look, f"{deployment['release_name']} was compared")
        finally:
            await database.close()

    async def helm(self, *arguments: str) -> Any:
        return json.loads(await self.run("helm", *arguments, "--output=json"))

    async def kubectl(self, *arguments: str) -> Any:
        return json.loads(await self.run("kubectl", *arguments, "--output=json"))

    async def store(self, *objects: dict[str, Any]) -> None:
        """Have kubectl create the objects, or set what they say in those that are there."""
        with tempfile.NamedTemporaryFile(suffix=".json") as file:
            file.write(json.dumps({"apiVersion": "v1", "kind": "List", "items": objects}).encode())
            file.flush()
            await self.run("kubectl", "apply", "--server-side", "--force-conflicts", "--filename", file.name)

    async def run(self, program: str, *arguments: str, succeeds: bool = True) -> str:
        """Return what a program printed; it has to succeed unless that is left open."""
        process = await asyncio.create_subprocess_exec(
            str(self._stack.state / "bin" / program), *arguments,
            env={"KUBECONFIG": str(self._stack.kubeconfig), "PATH": "/usr/bin:/bin", "HOME": str(self._stack.state)},
            stdin=asyncio.subprocess.DEVNULL, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT,
        )  # fmt: skip
        output, _ = await process.communicate()
        assert process.returncode == 0 or not succeeds, output.decode()
        return output.decode()

    async def namespaces(self) -> set[str]:
        return {item["metadata"]["name"] for item in (await self.kubectl("get", "namespaces"))["items"]}
