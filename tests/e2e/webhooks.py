"""Admission webhooks of a test's own: a small https server that the API server really asks."""

import asyncio
import base64
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import msgspec
from aiohttp import web

from slipway.dev.ports import free_port
from slipway.identity import new_id
from tests.e2e.watching import Watcher
from tests.support.https import keys_in, serving

Judge = Callable[[dict[str, Any]], Awaitable[dict[str, Any]]]
"""Takes the object of a request, returns what the answer says beside its uid."""


async def allow(item: dict[str, Any]) -> dict[str, Any]:
    return {"allowed": True}


async def never(item: dict[str, Any]) -> dict[str, Any]:
    """Do not answer."""
    await asyncio.Event().wait()
    return {}


def refusing(message: str) -> Judge:
    """Return a judge that allows no object whose data is `colour: forbidden`."""

    async def judge(item: dict[str, Any]) -> dict[str, Any]:
        forbidden = item.get("data", {}).get("colour") == "forbidden"
        return {"allowed": not forbidden, "status": {"message": message}}

    return judge


def patching(*operations: dict[str, Any]) -> Judge:
    """Return a judge that changes every object by a JSON patch."""
    patch = base64.b64encode(msgspec.json.encode(operations)).decode()

    async def judge(item: dict[str, Any]) -> dict[str, Any]:
        return {"allowed": True, "patchType": "JSONPatch", "patch": patch}

    return judge


@asynccontextmanager
async def admission(
    watcher: Watcher,
    deployment: dict[str, Any],
    judge: Judge,
    *,
    keys: Path,
    group: str = "",
    resource: str = "configmaps",
    kind: str = "Validating",
) -> AsyncGenerator[None]:
    """Have the API server ask `judge` about objects in a deployment's namespace while the context is open."""

    async def answer(request: web.BaseRequest) -> web.StreamResponse:
        asked = msgspec.json.decode(await request.read())["request"]
        response = {"uid": asked["uid"], **await judge(asked["object"] or {})}
        review = {"apiVersion": "admission.k8s.io/v1", "kind": "AdmissionReview", "response": response}
        return web.json_response(review)

    port, name = free_port(), f"test-{new_id().hex[-8:]}"
    authority = base64.b64encode((keys_in(keys) / "ca.crt").read_bytes()).decode()
    hook = {
        "name": f"{name}.slipway-test.dev",
        "clientConfig": {"url": f"https://127.0.0.1:{port}/", "caBundle": authority},
        "rules": [{"apiGroups": [group], "apiVersions": ["*"], "operations": ["CREATE", "UPDATE"], "resources": [resource]}],
        "namespaceSelector": {"matchLabels": {"slipway.dev/deployment": deployment["id"]}},
        "admissionReviewVersions": ["v1"], "sideEffects": "None", "timeoutSeconds": 1, "failurePolicy": "Fail",
    }  # fmt: skip
    whole = f"{kind}WebhookConfiguration"
    configuration = {"apiVersion": "admissionregistration.k8s.io/v1", "kind": whole, "metadata": {"name": name},
                     "webhooks": [hook]}  # fmt: skip
    async with serving(answer, port=port, keys=keys):
        await watcher.store(configuration)
        try:
            yield
        finally:
            await watcher.run("kubectl", "delete", whole.lower(), name)
