"""A service of Slipway's is ready when it says so, and of each thing that it needs."""

from collections.abc import Collection

import httpx

from slipway.dev.process import Server, wait_ready


async def wait_healthy(server: Server, port: int, *, timeout: float = 60.0, without: Collection[str] = ()) -> None:
    """Wait until the service that listens on this port is ready. ServerError when it ends, or is not within `timeout` seconds.

    `without` are the things that it was not given: they stay down.
    """
    async with httpx.AsyncClient(trust_env=False, timeout=5) as http:

        async def ready() -> bool:
            try:
                answer = await http.get(f"http://127.0.0.1:{port}/health/ready")
            except httpx.HTTPError:
                return False
            if answer.status_code != 200:
                return False
            return all(state == "ok" for name, state in answer.json()["dependencies"].items() if name not in without)

        await wait_ready(server, ready, timeout=timeout)
