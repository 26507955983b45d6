"""Names at their limits, and templates that are withdrawn while deployments of them run."""

import pytest

from slipway.client.http import Refused, SlipwayClient
from slipway.dev.stack import Stack
from slipway.identity import new_id
from tests.e2e import charts
from tests.e2e.watching import Watcher

pytestmark = pytest.mark.e2e


async def test_long_names_and_a_version_with_build_metadata(watcher: Watcher, client: SlipwayClient, stack: Stack):
    """Row H13: 60-character names of product, chart and domain; `+` is no character of an OCI tag or of a label."""
    name = f"{new_id().hex[-8:]}-{'x' * 51}"
    product = await client.post("/products", {"name": name})
    fields = await charts.push(
        stack, {"templates/app.yaml": charts.APP, "templates/named.yaml": NAMED}, name=f"c{name}", version="1.2.3+b1"
    )
    assert fields["chart_version"] == "1.2.3+b1"
    template = await client.post(f"/products/{product['id']}/templates", fields)
    deployment = await watcher.deploy(template, domain_name=f"{name}.example.org")
    ready = await watcher.until(deployment, {"ready", "error"})
    assert ready["status"] == "ready", ready["last_error"]
    assert len(ready["release_name"]) == 53
    [release] = await watcher.helm("list", "-n", ready["namespace_name"])
    assert (release["name"], release["chart"]) == (ready["release_name"], f"c{name}-1.2.3+b1")
    await client.patch(f"/deployments/{deployment['id']}", {"user_values": {"colour": "red"}})
    await watcher.until(deployment, {"ready"}, generation=2)
    await client.delete(f"/deployments/{deployment['id']}")
    await watcher.until(deployment, {"deleted"})


NAMED = """\
apiVersion: v1
kind: ConfigMap
metadata:
  name: {{ .Release.Name }}
  labels: {chart: {{ printf "%s-%s" .Chart.Name .Chart.Version | replace "+" "_" | trunc 63 | quote }}}
"""


async def test_a_withdrawn_template_is_left_changed_and_deleted(watcher: Watcher, client: SlipwayClient, stack: Stack):
    """Row H19: what runs of it can be changed, upgraded to a newer version, rolled back and deleted; nothing new begins."""
    template = await watcher.new_product(await charts.app(stack))
    moving, staying = await watcher.deploy(template), await watcher.deploy(template)
    for each in (moving, staying):
        await watcher.until(each, {"ready"})
    await client.delete(f"/templates/{template['id']}")
    with pytest.raises(Refused, match="template"):
        await watcher.deploy(template)
    newer = await client.post(f"/products/{template['product_id']}/templates", await charts.app(stack))
    await client.patch(f"/deployments/{moving['id']}", {"user_values": {"colour": "red"}})
    await watcher.until(moving, {"ready"}, generation=2)
    await client.post(f"/deployments/{moving['id']}/upgrade", {"template_id": newer["id"]})
    upgraded = await watcher.until(moving, {"ready"}, generation=3)
    assert upgraded["applied_template_id"] == newer["id"]
    await client.post(f"/deployments/{moving['id']}/rollback", {"revision": 1})
    back = await watcher.until(moving, {"ready"}, generation=4)
    assert back["applied_template_id"] == template["id"]
    for each in (moving, staying):
        await client.delete(f"/deployments/{each['id']}")
        await watcher.until(each, {"deleted"})
