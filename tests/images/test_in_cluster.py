"""The platform's own pods from its images on a real node, installed by its chart with the trial's servers: they deploy an
application with nothing but the rights that the chart gives them in the cluster.
"""

import json

import pytest

from slipway.client.http import SlipwayClient
from slipway.dev.access import EXECUTOR, SYSTEM, TRUSTED
from tests.deploy.helming import PLATFORM
from tests.images.conftest import SERVICES, Place
from tests.images.engine import Engine
from tests.images.kubectl import helm, kubectl, run
from tests.images.using import deploys_an_application

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(7200)]

ADMIN, PASSWORD = "root@example.org", "a-long-password-of-tests"


@pytest.fixture(scope="module")
async def pushed(images: Engine, place: Place) -> str:
    """The local registry, with every image that the chart names."""
    registry = place.registry.host
    wanted = {f"slipway/{service}": f"slipway/{service}:latest" for service in SERVICES}
    wanted |= {"nats:2.15-alpine": "nats:2.15-alpine", "postgres:18": "postgres:18"}
    for have, name in wanted.items():
        await images.docker("tag", have, f"{registry}/{name}")
        await images.docker("push", "--quiet", f"{registry}/{name}")
    return registry


async def test_the_platform_s_own_pods_deploy_an_application(pushed: str, place: Place):
    await kubectl(place, "delete", "namespace", SYSTEM, "--wait")  # what `slipway dev` gives its own executor
    await kubectl(place, "delete", "clusterrole,clusterrolebinding", EXECUTOR)
    await kubectl(place, "delete", "clusterrolebinding", TRUSTED)
    values = {
        "image.repository": f"{pushed}/slipway", "nats.image": f"{pushed}/nats:2.15-alpine",
        "postgresql.image": f"{pushed}/postgres:18", "nats.enabled": True, "postgresql.enabled": True,
        "nats.persistence.enabled": False, "postgresql.persistence.enabled": False, "replicaCount": 1,
        "env.SLIPWAY_REGISTRIES": f"http://{pushed}", "admin.email": ADMIN, "admin.password": PASSWORD,
    }  # fmt: skip
    flags = [part for key, value in values.items() for part in ("--set-json", f"{key}={json.dumps(value)}")]
    await helm(
        place, "install", "slipway", str(PLATFORM), "--namespace", SYSTEM, "--create-namespace", "--wait",
        "--timeout=15m", *flags,
    )  # fmt: skip
    pods = json.loads(await kubectl(place, "get", "pods", "--namespace", SYSTEM, "--output=json"))["items"]
    images = {container["image"] for pod in pods for container in pod["spec"]["containers"]}
    assert {f"{pushed}/slipway/{service}:latest" for service in SERVICES} <= images

    service = json.loads(await kubectl(place, "get", "service", "slipway-console", "-n", SYSTEM, "--output=json"))
    [port] = service["spec"]["ports"]
    async with SlipwayClient(f"http://{place.node.ground.node}:{port['nodePort']}") as client:
        await client.login(ADMIN, PASSWORD)
        await deploys_an_application(client, place)

    await helm(place, "test", "slipway", "--namespace", SYSTEM)
    await kubectl(place, "scale", "deployment/slipway-scheduler", "--namespace", SYSTEM, "--replicas=0")
    await kubectl(place, "wait", "pod", "-l", "app=slipway-scheduler", "--for=delete", "--timeout=5m", "-n", SYSTEM)
    refused = await run(place, "helm", "test", "slipway", "--namespace", SYSTEM, succeeds=False)
    assert "Error:" in refused, "its pod asks each service, and one of them does not answer"

    account = f"--as=system:serviceaccount:{SYSTEM}:slipway-executor"
    everything = await run(place, "kubectl", "auth", "can-i", "*", "*", "--all-namespaces", account, succeeds=False)
    assert everything.split()[-1] == "no", "it was done with the rights of the chart"
    await helm(place, "uninstall", "slipway", "--namespace", SYSTEM, "--wait")
