"""What a request to the API server says of its own end."""

from types import SimpleNamespace
from typing import Any, cast

import pytest
from aiohttp import ClientTimeout
from kubernetes_asyncio.client import ApiClient

from slipway_executor.cluster.kubernetes import KubernetesApi
from slipway_executor.cluster.port import NO_DRY_RUN
from slipway_executor.failing import OperationFailed
from slipway_executor.fence import Terms


class Client:
    """A client that notes what it is asked."""

    def __init__(self, status: int = 200, body: bytes = b"{}") -> None:
        self._status, self._body = status, body
        self.asked: list[tuple[str, dict[str, str], float | None]] = []

    async def call_api(
        self,
        path: str,
        method: str,
        *,
        query_params: list[tuple[str, str]],
        _request_timeout: ClientTimeout,
        **rest: Any,
    ) -> Any:
        self.asked.append((method, dict(query_params), _request_timeout.total))
        return SimpleNamespace(status=self._status, read=self._read, reason="OK")

    async def _read(self) -> bytes:
        return self._body


async def _renew() -> None: ...


async def test_the_server_is_told_when_a_write_is_over():
    """Row 7: one that hangs in a webhook is not stored when a successor writes already."""
    client, terms = Client(), Terms(gone_sec=20.0)
    api = KubernetesApi(cast("ApiClient", client), _renew, request_sec=terms.request_sec).acting_as("somebody")
    await api.get("/a")
    await api.post("/a", {})
    await api.patch("/a", {}, query={"force": "true"})
    await api.put("/a", {})
    await api.delete("/a", {})
    assert [query for _, query, _ in client.asked] == [
        {}, {"timeout": "12s"}, {"force": "true", "timeout": "12s"}, {"timeout": "12s"}, {"timeout": "12s"},
    ]  # fmt: skip
    assert {limit for *_, limit in client.asked} == {terms.gone_sec - terms.right_sec}


@pytest.mark.parametrize(
    ("words", "code"), [('admission webhook \\"w\\" does not support dry run', NO_DRY_RUN), ("no", "cluster_rejected")]
)
async def test_a_dry_run_that_the_server_cannot_do_is_told_from_a_refusal(words: str, code: str):
    client = Client(400, f'{{"message": "{words}"}}'.encode())
    api = KubernetesApi(cast("ApiClient", client), _renew, request_sec=1.0)
    with pytest.raises(OperationFailed) as caught:
        await api.patch("/a", {}, query={"dryRun": "All"})
    assert caught.value.failure.code == code
