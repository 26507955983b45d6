"""A service tells its health truthfully: alive while it works, ready only when what it needs is there."""

import httpx

from slipway.health import asgi


async def up() -> None: ...


async def down() -> None:
    raise ConnectionError("postgresql://user:s3cret@db")


async def ask(path: str, **checks: object) -> httpx.Response:
    transport = httpx.ASGITransport(app=asgi(checks))  # pyright: ignore[reportArgumentType]
    async with httpx.AsyncClient(transport=transport, base_url="http://health") as client:
        return await client.get(path)


async def test_health_stays_200_and_names_what_is_down_without_its_address():
    answer = await ask("/health", database=down, nats=up)
    assert answer.status_code == 200
    assert answer.json()["dependencies"] == {"database": "down", "nats": "ok"}
    assert "s3cret" not in answer.text


async def test_ready_is_503_while_a_dependency_is_down():
    assert (await ask("/health/ready", database=down)).status_code == 503
    assert (await ask("/health/ready", database=up)).status_code == 200


async def test_live_asks_nobody():
    assert (await ask("/health/live", database=down)).status_code == 200


async def test_metrics_are_in_the_prometheus_format():
    answer = await ask("/metrics")
    assert answer.status_code == 200
    assert "python_info" in answer.text


async def test_an_unknown_path_is_404():
    assert (await ask("/etc/passwd")).status_code == 404
