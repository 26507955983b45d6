"""The running system as a fault test handles it: breaks one part, and knows what was promised to users."""

import os
import signal
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import asyncpg
import httpx

from slipway.client.http import PREFIX, SlipwayClient
from slipway.dev.process import is_running, start_ticks
from slipway.dev.stack import ADMIN_EMAIL, Stack
from slipway.identity import new_id
from tests.e2e.watching import Watcher, eventually, fresh_domain

LIMITS = {
    "SLIPWAY_DEPLOYMENTS_PER_USER": "10000",
    "SLIPWAY_CPU_MILLI_PER_USER": "10000000",
    "SLIPWAY_MEMORY_MIB_PER_USER": "10000000",
    "SLIPWAY_WRITES_PER_SECOND": "10000",
    "SLIPWAY_TOKEN_MINUTES": "600",
}
"""Settings under which one user may do all that a run does."""
QUICKLY = {"SLIPWAY_SILENCE_SEC": "10", "SLIPWAY_BEAT_SEC": "2", "SLIPWAY_LEASE_SEC": "15"}
"""Who has died is known sooner than usual; what may follow on what is the same."""
SERVICES = ("api", "scheduler-1", "scheduler-2", "executor-1", "executor-2")


class System:
    def __init__(self, stack: Stack, client: SlipwayClient, token: str) -> None:
        self.stack = stack
        self.client = client
        self.watcher = Watcher(stack, client)
        self.accepted: dict[str, int] = {}
        """Every deployment that was answered with 2xx, with its generation."""
        self.token = token
        self._odd: set[str] = set()

    async def hello(self) -> dict[str, Any]:
        return (await self.watcher.product("Hello"))["template"]

    async def deploy(self, template: dict[str, Any] | None = None, **fields: Any) -> dict[str, Any]:
        made = await self.watcher.deploy(template or await self.hello(), **fields)
        self.accepted[made["id"]] = made["generation"]
        return made

    async def change(self, deployment: dict[str, Any], **body: Any) -> dict[str, Any]:
        changed = await self.client.patch(f"/deployments/{deployment['id']}", body)
        self.accepted[changed["id"]] = changed["generation"]
        return changed

    async def ask(self, body: dict[str, Any], key: str) -> httpx.Response | None:
        """Post a deployment under an Idempotency-Key; None when the connection broke."""
        headers = {"Authorization": f"Bearer {self.token}", "Idempotency-Key": key}
        async with httpx.AsyncClient(base_url=self.stack.api_url, trust_env=False, timeout=30, headers=headers) as http:
            try:
                answer = await http.post(f"{PREFIX}/deployments", json=body)
            except httpx.HTTPError:
                return None
        if answer.is_success:
            self.accepted[answer.json()["id"]] = answer.json()["generation"]
        return answer

    async def insist(self, template: dict[str, Any]) -> dict[str, Any]:
        """Post until it is accepted, as a client does that retries under one key. 500 is never an answer."""
        body, key = {"template_id": template["id"], "domain_name": fresh_domain()}, str(new_id())

        async def accepted() -> dict[str, Any] | None:
            answer = await self.ask(body, key)
            if answer is None:
                return None
            assert answer.status_code in (202, 503), answer.text
            return answer.json() if answer.status_code == 202 else None

        return await eventually(accepted, "the API accepts it")

    async def ready(self, deployment: dict[str, Any], generation: int = 0) -> dict[str, Any]:
        return await self.watcher.until(deployment, {"ready"}, generation=generation)

    async def rearm(self, name: str, failpoints: str = "", **more: str) -> None:
        """Start a service again with failpoints, and with more of its environment."""
        await self.restart(name, {"SLIPWAY_FAILPOINTS": failpoints, **more})

    async def restart(self, name: str, extra: Mapping[str, str]) -> None:
        """Start a service again with some other settings, until it is healed."""
        if name in self.stack.services:
            await self.stack.stop_service(name)
        self._odd.add(name)
        await self.stack.start_service(name, extra)

    async def without(self, *names: str) -> None:
        for name in names:
            await self.stack.stop_service(name)

    async def dies(self, name: str) -> None:
        """Wait until a service has died."""
        server = self.stack.services[name]

        async def dead() -> bool | None:
            return not is_running(server) or None

        await eventually(dead, f"{name} dies", 60)
        del self.stack.services[name]

    async def stops(self, name: str) -> int:
        """Wait until a service has stopped itself; return its process id."""
        pid = self.stack.services[name].pid

        async def stopped() -> bool | None:
            return state_of(pid) == "T" or None

        await eventually(stopped, f"{name} stands still", 60)
        return pid

    async def heal(self) -> None:
        """Have all services run, without failpoints."""
        for name in SERVICES:
            server = self.stack.services.get(name)
            if server and is_running(server):
                os.kill(server.pid, signal.SIGCONT)
                if name not in self._odd:
                    continue
                await self.stack.stop_service(name)
            self.stack.services.pop(name, None)
            await self.stack.start_service(name)
        self._odd.clear()

    async def rows(self, statement: str, *arguments: Any) -> list[Mapping[str, Any]]:
        """Read as the superuser."""
        database = await asyncpg.connect(self.stack.database_url)
        try:
            return [dict(row) for row in await database.fetch(statement, *arguments)]
        finally:
            await database.close()

    async def job(self, deployment: dict[str, Any]) -> Mapping[str, Any]:
        """Return the newest job of a deployment."""
        statement = "SELECT * FROM deployment_reconcile_job WHERE deployment_id = $1::text::uuid ORDER BY created_at DESC LIMIT 1"
        [row] = await self.rows(statement, deployment["id"])
        return row


async def sign_in(stack: Stack) -> str:
    """Return an admin's access token."""
    async with SlipwayClient(stack.api_url) as client:
        answer = await client.post("/auth/login", {"email": ADMIN_EMAIL, "password": stack.admin_password})
    return answer["access_token"]


def state_of(pid: int) -> str:
    """Return the kernel's letter for a process: R, S, T (stopped), Z, or nothing when it is gone."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except (FileNotFoundError, ProcessLookupError):
        return ""


def children(pid: int) -> list[int]:
    """Return the processes below one that live, its own children first."""
    try:
        own = [int(each) for each in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]
    except (FileNotFoundError, ProcessLookupError):
        return []
    own = [each for each in own if start_ticks(each) is not None]
    return [*own, *(below for each in own for below in children(each))]
