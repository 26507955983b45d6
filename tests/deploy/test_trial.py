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
    await operator.types(f"helm test {RELEASE} --namespace {NAMESPACE}")
    await operator.types(f"helm uninstall {RELEASE} --namespace {NAMESPACE} --wait")
