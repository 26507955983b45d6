"""What a user does with a platform, wherever it runs: publish, deploy, ask the application, read its log, delete."""

from uuid import UUID

from slipway.client.http import SlipwayClient
from slipway.client.insight import Insight
from tests.e2e.watching import eventually, fresh_domain
from tests.images.conftest import Place
from tests.images.kubectl import kubectl

WITHIN_SEC = 600.0


async def deploys_an_application(client: SlipwayClient, place: Place) -> None:
    product = await client.post("/products", {"name": "Application"})
    template = {"docker_image_url": place.application, "capabilities_json": {"port": 8080}}
    await client.post(f"/products/{product['id']}/templates", template)
    asked = await client.post("/deployments", {"product_id": product["id"], "domain_name": fresh_domain()})

    async def in_state(*wanted: str) -> dict[str, str]:
        async def look() -> dict[str, str] | None:
            now = await client.get(f"/deployments/{asked['id']}")
            return now if now["status"] in wanted else None

        return await eventually(look, f"the deployment is {' or '.join(wanted)}", within=WITHIN_SEC)

    ready = await in_state("ready", "error")
    assert ready["status"] == "ready", ready["last_error"]
    service = f"/api/v1/namespaces/{ready['namespace_name']}/services/{ready['release_name']}:80/proxy/asked-through-it"
    await kubectl(place, "get", "--raw", service)
    insight, uid = Insight(client), UUID(asked["id"])
    pods = (await insight.resources(uid)).pods
    assert {pod.node for pod in pods} == {"real"}
    printed = [await insight.logs(uid, pod.name) for pod in pods]
    assert "asked for /asked-through-it" in "\n".join(printed)
    await client.delete(f"/deployments/{asked['id']}")
    await in_state("deleted")
