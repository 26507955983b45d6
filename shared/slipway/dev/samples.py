"""Two sample products, made through the HTTP API as a platform team would make them."""

import asyncio
import re
import tempfile
from pathlib import Path
from typing import Any

from slipway.client.http import SlipwayClient
from slipway.dev.process import ServerError
from slipway.dev.stack import Stack

WEB = "Web service"
HELLO = "Hello"
HELLO_REAL = "Hello on a real node"
"""The same chart with an image that can be pulled."""

WEB_SCHEMA = {
    "type": "object",
    "properties": {
        "user": {
            "type": "object",
            "additionalProperties": False,
            "properties": {
                "replicaCount": {"type": "integer", "minimum": 0, "maximum": 5, "title": "Replicas"},
                "env": {"type": "object", "additionalProperties": {"type": "string"}, "title": "Environment"},
            },
        }
    },
}
HELLO_SCHEMA = {
    "type": "object",
    "properties": {
        "user": {
            "type": "object",
            "additionalProperties": False,
            "properties": {
                "replicas": {"type": "integer", "minimum": 1, "maximum": 5, "default": 1, "title": "Replicas"},
                "greeting": {"type": "string", "maxLength": 100, "title": "Greeting"},
            },
        }
    },
}
CHART = Path(__file__).resolve().parents[3] / "deploy" / "helm" / "samples" / "hello"


def hello(stack: Stack) -> str:
    """Return the name of the sample that becomes ready on the nodes of this system."""
    return HELLO_REAL if stack.node else HELLO


async def ensure(stack: Stack, client: SlipwayClient) -> None:
    """Make the products that are not in the catalogue."""
    names = {product["name"] for product in (await client.products())["items"]}
    if WEB not in names:
        body = {
            "docker_image_url": "registry.example.org/web:1.0",
            "version_label": "1.0",
            "values_schema_json": WEB_SCHEMA,
        }
        await _publish(client, WEB, "One web application from one image, by the built-in chart.", body)
    if hello(stack) not in names:
        reference, version, digest = await push_chart(stack, CHART)
        body = {
            "chart_ref": reference, "chart_version": version, "chart_digest": digest, "version_label": version,
            "values_schema_json": HELLO_SCHEMA, **({"default_values_json": {"image": stack.node.hello}} if stack.node else {}),
        }  # fmt: skip
        await _publish(
            client, hello(stack), "A greeting, from a chart in the local registry pinned by its digest.", body
        )


async def _publish(client: SlipwayClient, name: str, description: str, template: dict[str, Any]) -> None:
    product = await client.post("/products", {"name": name, "description": description})
    await client.post(f"/products/{product['id']}/templates", template)


async def push_chart(stack: Stack, chart: Path, *, version: str | None = None) -> tuple[str, str, str]:
    """Package a chart folder and push it to the local registry; return reference, version and manifest digest."""
    with tempfile.TemporaryDirectory() as work:
        archive = await package_chart(stack, chart, Path(work), version=version)
        pushed = await _helm(
            stack, "push", str(archive), f"oci://{stack.registry.host}/charts", "--plain-http", home=work
        )
    digest = re.search(r"sha256:[0-9a-f]{64}", pushed)
    named = re.search(r"Pushed: \S+/charts/(\S+):(\S+)", pushed)
    if not digest or not named:
        raise ServerError(f"helm push said something unexpected: {pushed.strip()}")
    return f"oci://{stack.registry.host}/charts/{named[1]}", named[2].replace("_", "+"), digest[0]


async def package_chart(stack: Stack, chart: Path, folder: Path, *, version: str | None = None) -> Path:
    """Package a chart folder into an empty one; return the archive."""
    packaging = ["package", str(chart), "--destination", str(folder), *(["--version", version] if version else [])]
    await _helm(stack, *packaging, home=str(folder))
    return _packaged(str(folder))


def _packaged(folder: str) -> Path:
    return next(Path(folder).glob("*.tgz"))


async def _helm(stack: Stack, *arguments: str, home: str) -> str:
    environment = {"PATH": "/usr/bin:/bin", "HOME": home}
    helm = await asyncio.create_subprocess_exec(
        str(stack.binaries.helm), *arguments, env=environment,
        stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT,
    )  # fmt: skip
    output, _ = await helm.communicate()
    if helm.returncode:
        raise ServerError(f"helm {arguments[0]} failed: {output.decode(errors='replace')}")
    return output.decode()
