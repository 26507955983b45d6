"""The README's line for a trial: the chart's own NATS and PostgreSQL, on a real API server."""

import re

import pytest

from tests.deploy.helming import PLATFORM
from tests.deploy.operator import NAMESPACE, RELEASE, Operator

pytestmark = pytest.mark.e2e


async def test_a_trial_brings_its_own_servers(operator: Operator):
    lines = re.findall(r"```sh\n(helm install .*?)```", (PLATFORM / "README.md").read_text(), re.DOTALL)
    said = await operator.types(f"{lines[1].rstrip()} --wait")
    assert "for a trial only" in said
    for server in ("nats", "postgresql"):
        found = await operator.kubectl("get", "statefulset", f"{RELEASE}-{server}")
        assert found["status"]["readyReplicas"] == 1
    for url in await operator.asked_by_helm_test():  # of which the simulated node runs nothing
        service = await operator.kubectl("get", "service", url.hostname or "")
        assert url.port in {port["port"] for port in service["spec"]["ports"]}
        behind = ",".join(f"{key}={value}" for key, value in service["spec"]["selector"].items())
        pods = await operator.kubectl("get", "pods", "-l", behind)
        assert [pod["status"]["phase"] for pod in pods["items"]] == ["Running"] * 2, url
    await operator.types(f"helm uninstall {RELEASE} --namespace {NAMESPACE} --wait")
