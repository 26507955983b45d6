"""The Kubernetes API as raw JSON: kubernetes-asyncio for authentication and transport, without its model classes."""

import contextlib
from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from typing import Any

import aiohttp
import msgspec
from kubernetes_asyncio import config
from kubernetes_asyncio.client import ApiClient, Configuration

from slipway_executor.cluster.port import NO_DRY_RUN
from slipway_executor.failing import needs_person, terminal, transient

REQUEST_SEC = 15.0
"""How long one request may take; see `fence.Terms.request_sec`."""
FOLLOW_SEC = 3600.0
REQUESTS = 64
STREAMS = 500
"""Connections at most. A watch or a log that finds none for REQUEST_SEC is as one that is refused."""
PIECE_BYTES = 64 * 1024
MERGE = "application/merge-patch+json"
APPLY = "application/apply-patch+yaml"
FORBIDDEN = "cluster_forbidden"
METADATA_ONLY = "application/json;as=PartialObjectMetadataList;v=v1;g=meta.k8s.io"


class NotThere(Exception):
    """404."""


class Conflict(Exception):
    """409: it exists already, or was changed in between."""


class KubernetesApi:
    """One API server, with the rights of one user."""

    def __init__(
        self,
        client: ApiClient,
        renew: Callable[[], Awaitable[None]],
        user: str | None = None,
        *,
        streams: ApiClient | None = None,
        request_sec: float = REQUEST_SEC,
    ) -> None:
        """`renew` reads the credentials again: a token in a file is replaced before it expires, and may be by now.

        `user` is impersonated; None: the executor itself. `streams` has the connections of watches and logs: however many are
        open, a request, and so a Lease, has one of its own.
        """
        self._client = client
        self._streams = streams or client
        self._renew = renew
        self._user = user
        self._request_sec = request_sec

    def acting_as(self, user: str) -> "KubernetesApi":
        """Return the same connections with another user's rights."""
        return KubernetesApi(self._client, self._renew, user, streams=self._streams, request_sec=self._request_sec)

    async def get(
        self, path: str, query: Mapping[str, str] | None = None, *, accept: str = "application/json"
    ) -> dict[str, Any]:
        return await self._call("GET", path, query=query, accept=accept)

    async def post(self, path: str, body: Mapping[str, Any]) -> dict[str, Any]:
        return await self._call("POST", path, body=body)

    async def patch(
        self,
        path: str,
        body: Mapping[str, Any],
        *,
        kind: str = MERGE,
        query: Mapping[str, str] | None = None,
    ) -> dict[str, Any]:
        """Patch an object: `kind` is MERGE or APPLY (server-side apply, which also creates)."""
        return await self._call("PATCH", path, query=query, body=body, content=kind)

    async def put(self, path: str, body: Mapping[str, Any]) -> dict[str, Any]:
        return await self._call("PUT", path, body=body)

    async def delete(self, path: str, body: Mapping[str, Any]) -> dict[str, Any]:
        return await self._call("DELETE", path, body=body)

    async def watch(self, path: str, resource_version: str, timeout_sec: float) -> AsyncGenerator[bytes]:
        """Yield nothing once, when the watch has begun, then each change after a resourceVersion as the server tells it.

        It ends after `timeout_sec`, or when the server ends it.
        """
        query = {
            "watch": "1",
            "resourceVersion": resource_version,
            "timeoutSeconds": str(max(1, int(timeout_sec))),
        }
        async with self._streamed(path, query, timeout=timeout_sec + 5) as content:
            yield b""
            async for line in content:
                yield line

    async def text(self, path: str, query: Mapping[str, str]) -> str:
        """Return an answer that is no JSON."""
        with _border():
            response = await self._send("GET", path, query=query, accept="*/*")
            return (await response.read()).decode(errors="replace")

    async def stream(self, path: str, query: Mapping[str, str]) -> AsyncGenerator[bytes]:
        """Yield an answer piece by piece until the server ends it."""
        async with self._streamed(path, query, accept="*/*", timeout=FOLLOW_SEC) as content:
            async for piece in content.iter_chunked(PIECE_BYTES):
                yield piece

    @asynccontextmanager
    async def _streamed(
        self, path: str, query: Mapping[str, str], *, timeout: float, accept: str = "application/json"
    ) -> AsyncGenerator[aiohttp.StreamReader]:
        """Open an answer that goes on, on a connection of the streams, which is closed with it."""
        with _border():
            response = await self._send("GET", path, query=query, accept=accept, timeout=timeout, streams=True)
            try:
                yield response.content
            finally:
                response.close()

    async def _call(
        self,
        method: str,
        path: str,
        *,
        query: Mapping[str, str] | None = None,
        body: Mapping[str, Any] | None = None,
        accept: str = "application/json",
        content: str = "application/json",
    ) -> dict[str, Any]:
        if method != "GET":  # a write that the server still works on when its time is over must not be stored
            query = {**(query or {}), "timeout": f"{max(1, int(self._request_sec))}s"}
        with _border():
            response = await self._send(method, path, query=query, body=body, accept=accept, content=content)
            return msgspec.json.decode(await response.read())

    async def _send(
        self,
        method: str,
        path: str,
        *,
        query: Mapping[str, str] | None = None,
        body: Mapping[str, Any] | None = None,
        accept: str = "application/json",
        content: str = "application/json",
        timeout: float | None = None,
        streams: bool = False,
    ) -> Any:
        headers = {"Accept": accept, "Content-Type": content}
        if self._user:
            headers["Impersonate-User"] = self._user

        async def send() -> Any:
            return await (self._streams if streams else self._client).call_api(
                path,
                method,
                query_params=list((query or {}).items()),
                header_params=dict(headers),
                body=body,
                auth_settings=["BearerToken"],
                _preload_content=False,
                _return_http_data_only=True,
                _request_timeout=aiohttp.ClientTimeout(total=timeout or self._request_sec, connect=self._request_sec),
            )

        response = await send()
        if response.status == 401:
            await self._renew()
            response.close()
            response = await send()
        if response.status >= 400:  # raw answers are not judged by the client
            raise _translated(response.status, _message(await response.read(), response.reason))
        return response


@asynccontextmanager
async def connect(kubeconfig: str, *, request_sec: float = REQUEST_SEC) -> AsyncGenerator[KubernetesApi]:
    """Open the API named by a kubeconfig file, or by the pod's service account when it is empty.

    OperationFailed when that cannot be read, or makes no sense.
    """
    configuration = Configuration()

    async def read() -> None:
        if kubeconfig:
            await config.load_kube_config(config_file=kubeconfig, client_configuration=configuration)
        else:
            config.load_incluster_config(client_configuration=configuration)

    async def renew() -> None:
        with contextlib.suppress(config.ConfigException, OSError):  # there is none at this moment: the old ones stay
            await read()

    try:
        await read()
        configuration.connection_pool_maxsize = REQUESTS
        requests = ApiClient(configuration=configuration)
        configuration.connection_pool_maxsize = STREAMS
        streams = ApiClient(configuration=configuration)
    except Exception as error:  # whatever its reader stumbles over in a file of somebody's
        raise needs_person(
            "kubeconfig_unusable", f"the executor's kubeconfig cannot be used ({type(error).__name__})"
        ) from error
    async with requests, streams:
        yield KubernetesApi(requests, renew, streams=streams, request_sec=request_sec)


@contextlib.contextmanager
def _border() -> Any:
    try:
        yield
    except (TimeoutError, aiohttp.ClientError, OSError) as error:
        raise transient(
            "cluster_unreachable", f"the Kubernetes API server does not answer ({type(error).__name__})"
        ) from error


def _translated(status: int, message: str) -> Exception:
    match status:
        case 404:
            return NotThere(message)
        case 409:
            return Conflict(message)
        case 401:
            return transient("cluster_unauthorized", "the cluster refused the executor's credentials (401)")
        case 403 if "exceeded quota" in message:
            return terminal("quota_exceeded", message)
        case 403:
            return needs_person(FORBIDDEN, f"the cluster forbids it: {message}")
        case 400 if "does not support dry run" in message:
            return terminal(NO_DRY_RUN, message)
        case 400 | 422:
            return terminal("cluster_rejected", message)
        case _:
            return transient("cluster_unavailable", f"the Kubernetes API server answered {status}: {message}")


def _message(body: bytes, reason: str | None) -> str:
    try:
        return str(msgspec.json.decode(body).get("message", ""))[:500]
    except (msgspec.DecodeError, AttributeError):
        return str(reason or "")[:500]
