"""One run: does what was drawn, heals what was broken, waits until everything has settled, checks all invariants."""

import asyncio
from collections import Counter
from pathlib import Path
from typing import Any

from slipway.client.http import Refused, SlipwayClient
from slipway.dev import samples
from slipway.dev.process import is_running, kill_group
from slipway.dev.stack import Stack
from tests.chaos.operations import Operation, draw, offered
from tests.e2e.watching import fresh_domain
from tests.faults import invariants
from tests.faults.system import System


class Run:
    def __init__(self, system: System, templates: list[str]) -> None:
        self._system = system
        self._client = system.client
        self._templates = templates
        self._places: dict[int, str] = {}
        self._wanted: dict[str, Any] = {}
        """The values that were accepted last, by deployment."""
        self.told: Counter[str] = Counter()
        """How often each verb was accepted, refused, or a service killed."""

    async def do(self, operations: list[Operation]) -> None:
        for operation in operations:
            if operation.kill:
                await self._kill(operation.kill)
            if operation.place not in self._places:
                await self._create(operation)
            else:
                await self._ask(operation)
            await asyncio.sleep(operation.pause_sec)

    async def settle(self) -> None:
        """Start what is dead, let go what is suspended, and check."""
        await self._system.heal()
        for each in list(self._system.accepted):
            now = await self._client.get(f"/deployments/{each}")
            if now["suspended"] and now["status"] not in ("deleting", "deleted"):
                await self._client.post(f"/deployments/{each}/resume")
        await invariants.check(self._system.stack, self._system.token, self._system.accepted)
        for each, values in self._wanted.items():
            now = await self._client.get(f"/deployments/{each}")
            self.told[f"ended {now['status']}"] += 1
            assert now["user_values"] == values, f"{each} is at generation {now['generation']} with other values"

    async def _kill(self, name: str) -> None:
        """Kill one service; those that an earlier kill left dead are started."""
        services = self._system.stack.services
        dead = [each for each, server in services.items() if not is_running(server)]
        for each in dead:
            del services[each]
            await self._system.stack.start_service(each)
        kill_group(services[name])
        self.told[f"killed {name}"] += 1

    async def _create(self, operation: Operation) -> None:
        values = {"greeting": f"hello {operation.number}"}
        body = {"template_id": self._templates[0], "domain_name": fresh_domain(), "user_values": values}
        made = await self._client.post("/deployments", body)
        self._places[operation.place] = made["id"]
        self._took(made)
        self.told["create"] += 1

    async def _ask(self, operation: Operation) -> None:
        deployment = self._places[operation.place]
        try:
            answer = await self._call(operation, deployment)
        except Refused as refused:
            if refused.status >= 500 and refused.status != 503:
                raise AssertionError(f"{operation} was answered {refused.status}: {refused}") from refused
            self.told[f"{operation.verb} refused: {refused.code}"] += 1
            return
        self.told[operation.verb] += 1
        if operation.verb == "delete":
            del self._places[operation.place]
        else:
            self._took(answer)

    async def _call(self, operation: Operation, deployment: str) -> Any:
        path = f"/deployments/{deployment}"
        match operation.verb:
            case "patch":
                return await self._client.patch(path, {"user_values": {"greeting": f"hello {operation.number}"}})
            case "upgrade":
                template = self._templates[operation.number % len(self._templates)]
                return await self._client.post(f"{path}/upgrade", {"template_id": template})
            case "rollback":
                return await self._client.post(f"{path}/rollback", {"revision": 1 + operation.number % 3})
            case "delete":
                return await self._client.delete(path)
            case verb:
                return await self._client.post(f"{path}/{verb}")

    def _took(self, answer: dict[str, Any]) -> None:
        self._system.accepted[answer["id"]] = answer["generation"]
        self._wanted[answer["id"]] = answer["user_values"]


async def templates_of(stack: Stack, client: SlipwayClient) -> list[str]:
    """Return the versions of the sample product, three of them; made when they are not there."""
    hello = next(each for each in (await client.products())["items"] if each["name"] == samples.HELLO)
    page = (await client.get(f"/products/{hello['id']}/templates"))["items"]
    for wanted in ("2.0.0", "3.0.0")[: max(0, 3 - len(page))]:
        reference, version, digest = await samples.push_chart(stack, samples.CHART, version=wanted)
        body = {"chart_ref": reference, "chart_version": version, "chart_digest": digest,
                "values_schema_json": samples.HELLO_SCHEMA}  # fmt: skip
        page.append(await client.post(f"/products/{hello['id']}/templates", body))
    return sorted(each["id"] for each in page)


async def run(stack: Stack, token: str, seed: int, *, operations: int, deployments: int) -> Counter[str]:
    """Do one run. AssertionError tells what does not hold."""
    async with SlipwayClient(stack.api_url, token=token) as client:
        system = System(stack, client, token)
        one = Run(system, await templates_of(stack, client))
        verbs = offered(await client.get("/openapi.json"))
        await one.do(draw(seed, operations=operations, deployments=deployments, verbs=verbs))
        await one.settle()
    return one.told


def logs(stack: Stack) -> Path:
    return stack.state / "log"
