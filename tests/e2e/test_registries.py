"""Registries that are down, lie or lead astray, over real HTTP; and what a chart reference may be."""

from itertools import count
from typing import Any

import pytest
from aiohttp import web

from slipway.client.http import Refused, SlipwayClient
from slipway.identity import new_id
from tests.e2e.chart_host import ChartHost, packed
from tests.e2e.watching import Watcher

pytestmark = pytest.mark.e2e
ITEM = {"templates/item.yaml": "{apiVersion: v1, kind: ConfigMap, metadata: {name: item}, data: {number: v%d}}"}


NUMBERS = count(1000)
"""An archive that was fetched once is kept by its digest, and no registry is asked for it again."""


def chart(number: int | None = None) -> bytes:
    return packed({path: content % (number or next(NUMBERS)) for path, content in ITEM.items()})


def answering(status: int, **headers: str) -> Any:
    async def answer(request: web.BaseRequest) -> web.StreamResponse:
        return web.Response(status=status, headers=headers)

    return answer


async def circling(request: web.BaseRequest) -> web.StreamResponse:
    return web.Response(status=302, headers={"Location": request.path})


async def lying(request: web.BaseRequest) -> web.StreamResponse | None:
    """Give another archive under the digest that was asked for."""
    return web.Response(body=chart(666)) if "/blobs/" in request.path else None


MISCHIEF = [
    ("not there", answering(404), "chart_not_found", "terminal"),
    ("wants credentials", answering(403), "registry_unauthorized", "terminal"),
    ("broken", answering(500), "registry_unavailable", "transient"),
    ("in circles", circling, "chart_redirects", "terminal"),
    ("inwards", answering(302, Location="http://169.254.169.254/latest/meta-data"), "chart_elsewhere", "terminal"),
    ("to a neighbour", answering(307, Location="http://127.0.0.1:1/v2/"), "chart_elsewhere", "terminal"),
    ("another archive", lying, "digest_mismatch", "terminal"),
]


@pytest.mark.parametrize(("what", "fault", "code", "kind"), MISCHIEF, ids=[each[0] for each in MISCHIEF])
async def test_a_registry_that_misbehaves(
    watcher: Watcher, client: SlipwayClient, host: ChartHost, what: str, fault: Any, code: str, kind: str
):
    """Rows 46 and 50: nothing is touched in the cluster; when it behaves again, `reconcile` or the retry goes on."""
    fields = host.publish(chart())
    template = await watcher.new_product(fields)
    host.misbehave(fields, fault)
    deployment = await watcher.deploy(template)
    told = await watcher.failure(deployment)
    assert (told["code"], told["failure_class"]) == (code, kind)
    assert deployment["namespace_name"] not in await watcher.namespaces()
    host.behave()
    if kind == "terminal":
        await client.post(f"/deployments/{deployment['id']}/reconcile")
    await watcher.until(deployment, {"ready"})


async def test_a_registry_that_is_down_and_comes_back(watcher: Watcher, host: ChartHost):
    """Row 46."""
    template = await watcher.new_product(host.publish(chart()))
    await host.close()
    try:
        deployment = await watcher.deploy(template)
        told = await watcher.failure(deployment)
        assert (told["code"], told["will_retry"], told["attempt"]) == ("registry_unreachable", True, 0)
    finally:
        await host.open()
    await watcher.until(deployment, {"ready"})


async def test_a_body_that_stalls_is_given_up_and_asked_for_again(watcher: Watcher, host: ChartHost):
    """Row 46: bounded, and other deployments go on meanwhile."""
    fields = host.publish(chart(3))
    template, other = await watcher.new_product(fields), await watcher.new_product(host.publish(chart(4)))
    host.misbehave(fields, host.stall)
    deployment = await watcher.deploy(template)
    await watcher.until(await watcher.deploy(other), {"ready"})
    told = await watcher.failure(deployment)
    assert (told["code"], told["will_retry"]) == ("registry_unreachable", True)
    host.behave()
    await watcher.until(deployment, {"ready"})


async def test_a_tag_that_moved_changes_nothing(watcher: Watcher, client: SlipwayClient, host: ChartHost):
    """Row 46: what was registered is what runs; a version that is registered now is what the tag names now."""
    fields = host.publish(chart(5))
    template = await watcher.new_product(fields)
    name = fields["chart_ref"].rpartition("/")[2]
    moved = host.publish(chart(6), name=name)
    deployment = await watcher.until(await watcher.deploy(template), {"ready"})
    item = await watcher.kubectl("get", "configmap", "item", "-n", deployment["namespace_name"])
    assert item["data"] == {"number": "v5"}
    unpinned = {key: value for key, value in moved.items() if key != "chart_digest"}
    newer = await client.post(f"/products/{template['product_id']}/templates", unpinned)
    assert newer["chart_digest"] == moved["chart_digest"] != fields["chart_digest"]


REFERENCES = (
    "oci://user:pass@{host}/charts/x", "oci://{host}@evil.example.org/charts/x", "oci://{host}:1/charts/x",
    "oci://2130706433:{port}/charts/x", "oci://0x7f000001:{port}/charts/x", "oci://017700000001:{port}/charts/x",
    "oci://[::1]:{port}/charts/x", "oci://[::ffff:127.0.0.1]:{port}/charts/x", "oci://127.1:{port}/charts/x",
    "oci://localhost:{port}/charts/x", "oci://127.0.0.1.nip.io:{port}/charts/x", "oci://{host}/../x", "oci://{host}/charts/x?y=z",
    "oci://{host}/charts/x#y", "oci://{host}/charts/x:1.0.0", "oci://{host}/charts/x@sha256:00", "oci://{host}\\@evil.example/x",
    "https://169.254.169.254/latest/x", "https://[fe80::1]/x", "file:///etc/passwd", "http://{host}/charts/x", "//{host}/x",
)  # fmt: skip


@pytest.mark.parametrize("reference", REFERENCES)
async def test_a_reference_that_leads_elsewhere_is_refused_at_once(
    watcher: Watcher, client: SlipwayClient, host: ChartHost, reference: str
):
    """Row 50: nobody is asked, whatever the form in which an address is written."""
    product = await client.post("/products", {"name": f"refused {new_id()}"})
    asked = len(host.asked)
    body = {"chart_ref": reference.format(host=host.host, port=host.host.rpartition(":")[2]), "chart_version": "1.0.0"}
    with pytest.raises(Refused, match="/chart_ref") as refused:
        await client.post(f"/products/{product['id']}/templates", body)
    assert refused.value.status == 422
    assert len(host.asked) == asked
