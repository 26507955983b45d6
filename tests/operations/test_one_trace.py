"""A change is one trace over all services, and one thread through all logs."""

import secrets
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import httpx
import msgspec
import pytest

from slipway.client.http import PREFIX
from slipway.identity import new_id
from tests.e2e.watching import eventually, fresh_domain
from tests.faults.system import System
from tests.operations.collector import Collector, Span

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(600)]

REQUEST = f"POST {PREFIX}/deployments"
PATH = {
    "report project": ("job run", "watch until ready"),  # what was applied is told from within the watch
    "helm apply": ("step apply",),
    "step apply": ("job run",),
    "watch until ready": ("job run",),
    "lease acquire": ("job run",),
    "job run": ("job dispatch",),
    "job dispatch": (REQUEST,),
}
"""Each span, and the one that it is below."""


async def asked(system: System, trace: str, method: str, path: str, body: dict[str, Any]) -> dict[str, Any]:
    """Ask within a trace of the client's own."""
    headers = {
        "Authorization": f"Bearer {system.token}",
        "traceparent": f"00-{trace}-{secrets.token_hex(8)}-01",
        "Idempotency-Key": str(new_id()),
    }
    async with httpx.AsyncClient(base_url=system.stack.api_url, trust_env=False, timeout=30, headers=headers) as http:
        answer = await http.request(method, f"{PREFIX}{path}", json=body)
    assert answer.status_code == 202, answer.text
    return answer.json()


async def spans_of(collector: Collector, trace: str, *names: str) -> dict[str, Span]:
    """Wait until spans of all these names came; the last of each name."""

    async def look() -> dict[str, Span] | None:
        found = {span.name: span for span in collector.of(trace)}
        return found if found.keys() >= set(names) else None

    return await eventually(look, f"spans {names} of the trace", 60)


async def created(system: System, trace: str) -> dict[str, Any]:
    template = await system.hello()
    body = {"template_id": template["id"], "domain_name": fresh_domain()}
    return await system.ready(await asked(system, trace, "POST", "/deployments", body))


async def test_request_job_helm_and_projection_are_one_trace(system: System, collector: Collector):
    trace = secrets.token_hex(16)
    deployment = await created(system, trace)
    found = await spans_of(collector, trace, *PATH, REQUEST, "job claim")
    by_id = {span.id: span for span in collector.of(trace)}
    for name, above in PATH.items():
        assert by_id[found[name].parent].name in above, name
    assert {span.service for span in by_id.values()} == {"slipway-api", "slipway-scheduler", "slipway-executor"}
    concerned = [span for span in by_id.values() if span.name in ("job dispatch", "job run", "report project")]
    assert {span.attributes["slipway.deployment"] for span in concerned} == {deployment["id"]}
    assert found[REQUEST].attributes["http.response.status_code"] == 202


async def test_a_change_that_coalesces_goes_on_in_the_newest_trace(system: System, collector: Collector):
    """The job that carried both belongs to the second; the first ends at its request, which names the same job."""
    first, second = secrets.token_hex(16), secrets.token_hex(16)
    deployment = await created(system, secrets.token_hex(16))
    await system.without("executor-1")
    path = f"/deployments/{deployment['id']}"
    try:
        await asked(system, first, "PATCH", path, {"domain_name": fresh_domain()})
        wanted = await asked(system, second, "PATCH", path, {"domain_name": fresh_domain()})
    finally:
        await system.stack.start_service("executor-1")
    await system.ready(deployment, wanted["generation"])
    request = f"PATCH {PREFIX}/deployments/{{deployment_id}}"
    newest = await spans_of(collector, second, "job run", "report project", request)
    oldest = await spans_of(collector, first, request)
    if "job run" in {span.name for span in collector.of(first)}:  # it was leased before the second came
        assert newest["job run"].attributes["slipway.job"] != oldest[request].attributes["slipway.job"]
    else:
        assert newest["job run"].attributes["slipway.job"] == oldest[request].attributes["slipway.job"]


async def test_a_failure_is_marked_with_its_code(system: System, collector: Collector):
    trace = secrets.token_hex(16)
    hello = await system.hello()
    wrong = {"chart_digest": f"sha256:{'0' * 64}"}
    template = await system.watcher.new_product(
        {"chart_ref": hello["chart_ref"], "chart_version": hello["chart_version"], **wrong}
    )
    body = {"template_id": template["id"], "domain_name": fresh_domain()}
    deployment = await asked(system, trace, "POST", "/deployments", body)
    found = await spans_of(collector, trace, "job run")
    assert found["job run"].failed
    await system.watcher.until(deployment, {"error"})


def lines(state: Path) -> list[Mapping[str, Any]]:
    """Return every line that a service wrote: each must be JSON."""
    logs = [path for kind in ("api", "scheduler", "executor") for path in (state / "log").glob(f"{kind}*.log")]
    return [msgspec.json.decode(line) for path in logs for line in path.read_bytes().splitlines() if line.strip()]


async def test_each_log_line_about_a_job_tells_deployment_and_trace(system: System):
    trace = secrets.token_hex(16)
    deployment = await created(system, trace)
    about = [line for line in lines(system.stack.state) if "job" in line or "fence" in line or "deployment" in line]
    assert not [line for line in about if not {"trace_id", "deployment"} <= line.keys()]
    told = {(line["service"], line["event"]) for line in about if line["trace_id"] == trace}
    assert told >= {
        ("api", "request_answered"), ("scheduler", "job_claimed"), ("executor", "job_started"), ("executor", "job_ended"),
        ("scheduler", "report_applied"),
    }  # fmt: skip
    assert {line["deployment"] for line in about if line["trace_id"] == trace} == {deployment["id"]}
