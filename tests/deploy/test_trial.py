"""The README's line for a trial: the chart's own NATS and PostgreSQL, on a real API server."""

import re
from urllib.parse import SplitResult, urlsplit

import pytest
import yaml

from tests.deploy.helming import PLATFORM
from tests.deploy.operator import NAMESPACE, RELEASE, Operator

pytestmark = pytest.mark.e2e


async def health_asked_by_helm_test(operator: Operator) -> list[SplitResult]:
    """Return what the pod of `helm test` asks. The node here is simulated: no pod asks anything, and each Job completes.

    `tests/images/test_in_cluster.py` runs `helm test` where pods run.
    """
    hooks = yaml.safe_load_all(await operator.types(f"helm get hooks {RELEASE} --namespace {NAMESPACE}"))
    [job] = [each for each in hooks if each and each["metadata"]["name"] == f"{RELEASE}-test"]
    [container] = job["spec"]["template"]["spec"]["containers"]
    *program, api, scheduler, executor, console = container["command"]
    assert program == ["python", "-m", "slipway.alive"]
    return [urlsplit(each) for each in (api, scheduler, executor, console)]


async def test_a_trial_brings_its_own_servers(operator: Operator):
    lines = re.findall(r"```sh\n(helm install .*?)```", (PLATFORM / "README.md").read_text(), re.DOTALL)
    said = await operator.types(f"{lines[1].rstrip()} --wait")
    assert "for a trial only" in said
    for server in ("nats", "postgresql"):
        found = await operator.kubectl("get", "statefulset", f"{RELEASE}-{server}")
        assert found["status"]["readyReplicas"] == 1
    for url in await health_asked_by_helm_test(operator):
        service = await operator.kubectl("get", "service", url.hostname or "")
        assert url.port in {port["port"] for port in service["spec"]["ports"]}
        behind = ",".join(f"{key}={value}" for key, value in service["spec"]["selector"].items())
        pods = await operator.kubectl("get", "pods", "-l", behind)
        assert [pod["status"]["phase"] for pod in pods["items"]] == ["Running"] * 2, url
    await operator.types(f"helm uninstall {RELEASE} --namespace {NAMESPACE} --wait")
