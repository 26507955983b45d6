"""An operator installs, upgrades and uninstalls the platform by the README's line, on a real API server with real Helm.

The node is simulated: pods become ready and Jobs complete without a container. So the processes of the pods, and of the
migration Job, are run here, each with just the environment that the chart gave it in the cluster.
"""

import re
from functools import partial

import httpx
import pytest

from slipway.client.http import SlipwayClient
from slipway.dev.build import ensure_binaries
from tests.deploy.helming import PLATFORM, ROOT
from tests.deploy.operator import NAMESPACE, PODS, RELEASE, Operator
from tests.e2e.watching import eventually, fresh_domain

pytestmark = pytest.mark.e2e


def line_of_the_readme() -> str:
    """Return the `helm install` of the README, which is the first one of the chart's README."""
    found = [
        re.search(r"^```[^\n]*sh\b[^\n]*\n(helm install .*?)```", (place / "README.md").read_text(), re.DOTALL | re.MULTILINE)
        for place in (ROOT, PLATFORM)
    ]  # fmt: skip
    lines = {each[1] for each in found if each}
    assert len(lines) == 1, lines
    return lines.pop()


def selector_of_the_runbook() -> str:
    """Return the labels by which docs/operations.md has the services' logs read, quoted."""
    [found] = re.findall(r"kubectl logs -n slipway-system -l ('[^']+')", (ROOT / "docs" / "operations.md").read_text())
    return found


async def fails_without_its_servers(operator: Operator) -> None:
    """`helm test` is no better than what the services need, though each process is alive."""

    async def succeeds(wanted: bool) -> bool | None:
        return await operator.helm_test() is wanted or None

    for gone in (operator.without_nats, operator.without_database):
        async with gone():
            await eventually(partial(succeeds, False), "helm test fails")
        await eventually(partial(succeeds, True), "helm test succeeds again")


async def test_from_the_line_of_the_readme_to_a_deployment_and_back(operator: Operator):
    said = await operator.types(line_of_the_readme())
    assert "admin@slipway.localhost" in said
    assert "!" not in said.partition("NOTES:")[2], "nothing is missing"

    deployments = await operator.kubectl("get", "deployments")
    assert {item["metadata"]["name"] for item in deployments["items"]} == {
        f"{RELEASE}-{component}" for component in ("api", "scheduler", "executor", "console")
    }
    assert all(item["status"]["readyReplicas"] == 2 for item in deployments["items"])

    assert (await operator.environment("api"))["SLIPWAY_TRUSTED_PROXIES"] == PODS
    services = await operator.kubectl("get", "pods", "-l", selector_of_the_runbook())
    assert len(services["items"]) == 6, "two pods of each service that writes a log"

    await operator.run_hook()
    await operator.run_pod("scheduler")
    kubeconfig = await operator.account_kubeconfig(f"{RELEASE}-executor")
    binaries = await ensure_binaries()
    await operator.run_pod(
        "executor", KUBECONFIG=str(kubeconfig), SLIPWAY_HELM=str(binaries.helm),
        SLIPWAY_HELM_ENGINE=str(binaries.helm_engine), SLIPWAY_CACHE_DIR=str(operator.state / "cache"),
    )  # fmt: skip
    await operator.run_pod("api")
    assert await operator.helm_test()
    await fails_without_its_servers(operator)

    password = await operator.types(re.search(r"kubectl get secret .*", said)[0])  # pyright: ignore[reportOptionalSubscript]
    async with SlipwayClient(f"http://127.0.0.1:{operator.ports['api']}") as client:
        token = await client.login("admin@slipway.localhost", password)
        product = await client.post("/products", {"name": "Web"})
        await client.post(f"/products/{product['id']}/templates", {"docker_image_url": "registry.example.org/web:1"})
        asked = await client.post("/deployments", {"product_id": product["id"], "domain_name": fresh_domain()})

        async def settled() -> dict[str, str] | None:
            now = await client.get(f"/deployments/{asked['id']}")
            return now if now["status"] in ("ready", "error") else None

        found = await eventually(settled, "the deployment is settled")
        assert found["status"] == "ready", found["last_error"]

        allowed = {"Authorization": f"Bearer {token}"}
        async with (
            httpx.AsyncClient(trust_env=False, timeout=60) as http,
            http.stream("GET", f"http://127.0.0.1:{operator.ports['api']}/api/v1/events", headers=allowed) as live,
        ):
            assert live.status_code == 200
            await operator.stop_in_time()
    assert not await operator.helm_test(), "nobody answers any more"

    before = {component: await operator.environment(component) for component in ("api", "scheduler")}
    again = line_of_the_readme().replace("helm install", "helm upgrade").replace("--create-namespace", "")
    await operator.types(f"{again.rstrip()} --set scheduler.replicaCount=3")
    assert {component: await operator.environment(component) for component in before} == before, "no password was lost"
    scheduler = await operator.kubectl("get", "deployment", f"{RELEASE}-scheduler")
    assert scheduler["status"]["readyReplicas"] == 3

    await operator.types(f"helm uninstall {RELEASE} --namespace {NAMESPACE} --wait")
    left = await operator.kubectl(
        "get", "all,configmaps,secrets,networkpolicies,pdb,serviceaccounts", "-l", "app.kubernetes.io/part-of=slipway"
    )
    assert [(item["kind"], item["metadata"]["name"]) for item in left["items"]] == [("Secret", f"{RELEASE}-kept")]
    cluster_wide = await operator.kubectl(
        "get", "clusterroles,clusterrolebindings", "-l", "app.kubernetes.io/part-of=slipway"
    )
    assert cluster_wide["items"] == []
