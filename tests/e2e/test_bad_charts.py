"""Charts and values that mean harm: refused with a reason or ended within bounds, and the executors live on."""

import gzip
import re
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from slipway.dev.stack import Stack
from slipway_executor.charts import archive
from tests.e2e import charts
from tests.e2e.chart_host import ChartHost, packed
from tests.e2e.watching import Watcher

pytestmark = [pytest.mark.e2e]
GROWTH_MIB = 400
"""An executor holds an archive unpacked (100 MiB at most) while it judges it."""
FOREVER = "{{ range until 1000000 }}{{ range until 1000000 }}{{ end }}{{ end }}"
SCHEMA = "values.schema.json"


def item(data: str) -> str:
    return f"apiVersion: v1\nkind: ConfigMap\nmetadata: {{name: item}}\ndata: {data}\n"


def aliases(depth: int = 9) -> str:
    """Return YAML that is 9 to the power of `depth` words when it is written out."""
    lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x]"]
    lines += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]" for n in range(1, depth)]
    return "\n".join(lines)


BOMB = gzip.compress(bytes(archive.UNPACKED_LIMIT * 2))
INSIDE = [
    ("a name that is a way up", packed({}, name=".."), "chart_unsafe"),
    ("a schema that reads a file", packed({SCHEMA: '{"$ref": "file:///etc/passwd"}'}), "chart_unsafe"),
    ("a schema that is nested without end", packed({SCHEMA: '{"not":' * 90_000 + "{}" + "}" * 90_000}), "chart_unsafe"),
    ("a schema that is its own part", packed({SCHEMA: '{"allOf": [{"$ref": "#"}]}'}), "values_rejected"),
    ("a bomb", BOMB, "chart_too_large"),
    ("a bomb among its subcharts", packed({"charts/sub.tgz": BOMB}), "chart_too_large"),
    ("many tiny files", packed({f"files/{n}": "" for n in range(archive.ENTRY_LIMIT)}), "chart_too_large"),
    ("a template that includes itself", packed({"templates/a.yaml": '{{ define "a" }}{{ include "a" . }}{{ end }}{{ include "a" . }}'}), "template_failed"),
    ("aliases in a template", packed({"templates/a.yaml": item("\n  " + aliases().replace("\n", "\n  "))}), "template_failed"),
    ("aliases in its values", packed({"templates/a.yaml": item("{}")}, values=aliases()), "template_failed"),
]  # fmt: skip


@pytest.fixture(scope="module", autouse=True)
async def bounded(stack: Stack) -> AsyncIterator[None]:
    """No executor ends, or needs much more memory than before, whatever these tests hand it."""
    names = [name for name in stack.services if name.startswith("executor")]
    before = {name: (stack.services[name].pid, peak_mib(stack.services[name].pid)) for name in names}
    yield
    for name, (pid, peak) in before.items():
        assert stack.services[name].pid == pid
        assert peak_mib(pid) - peak < GROWTH_MIB, name


def peak_mib(pid: int) -> float:
    """Return the most memory that a process ever had, in MiB."""
    [kib] = re.findall(r"VmHWM:\s+(\d+) kB", Path(f"/proc/{pid}/status").read_text())
    return int(kib) / 1024


async def refused(watcher: Watcher, template: dict[str, Any], **fields: Any) -> dict[str, Any]:
    """Return the failure of a deployment that is refused for good."""
    deployment = await watcher.deploy(await watcher.new_product(template), **fields)
    found = await watcher.until(deployment, {"ready", "error"})
    assert found["status"] == "error"
    return await watcher.failure(deployment)


async def data_of(watcher: Watcher, template: dict[str, Any], **fields: Any) -> dict[str, str]:
    """Return what became of the chart's item."""
    deployment = await watcher.deploy(await watcher.new_product(template), **fields)
    found = await watcher.until(deployment, {"ready", "error"})
    assert found["status"] == "ready", found["last_error"]
    return (await watcher.kubectl("get", "configmap", "item", "-n", deployment["namespace_name"]))["data"]


@pytest.mark.parametrize(("what", "content", "code"), INSIDE, ids=[each[0] for each in INSIDE])
async def test_what_lies_in_a_chart(watcher: Watcher, host: ChartHost, what: str, content: bytes, code: str):
    """Rows 47, 48 and 49: no retry."""
    told = await refused(watcher, host.publish(content))
    assert (told["code"], told["failure_class"], told["will_retry"]) == (code, "terminal", False), told


async def test_a_schema_that_asks_a_server_is_refused_before_it_is_asked(watcher: Watcher, host: ChartHost):
    """Row 47."""
    schema = f'{{"properties": {{"user": {{"$ref": "http://{host.host}/stolen"}}}}}}'
    told = await refused(watcher, host.publish(packed({SCHEMA: schema})))
    assert (told["code"], "/stolen" in told["reason"]) == ("chart_unsafe", True)
    assert "/stolen" not in host.asked


MEASURELESS = ("render_too_slow", "rendered_too_large", "chart_needs_memory", "template_failed")
"""Which of these bounds is met first depends on the machine."""


@pytest.mark.parametrize("size", [500_000_000, 50_000_000_000])
async def test_a_template_that_prints_without_measure(watcher: Watcher, stack: Stack, size: int):
    """Row 48."""
    fields = await charts.push(stack, {"templates/item.yaml": item(f'{{a: {{{{ repeat {size} "x" }}}}}}')})
    told = await refused(watcher, fields)
    assert told["code"] in MEASURELESS
    assert (told["failure_class"], told["will_retry"]) == ("terminal", False)


async def test_a_template_learns_no_address(watcher: Watcher, stack: Stack):
    """Row 48: names are not resolved for charts."""
    text = item('{address: "<{{ getHostByName "localhost" }}>"}')
    assert await data_of(watcher, await charts.push(stack, {"templates/item.yaml": text})) == {"address": "<>"}


async def test_a_pod_gets_nothing_of_its_node(watcher: Watcher, stack: Stack):
    """Row 48: the namespace's level refuses hostPath, and the pod's own reason reaches the user."""
    mounted = charts.APP.replace(
        "      containers:\n", "      volumes: [{name: node, hostPath: {path: /}}]\n      containers:\n"
    )
    template = {**await charts.push(stack, {"templates/app.yaml": mounted}), "health_timeout_sec": 2}
    deployment = await watcher.until(await watcher.deploy(await watcher.new_product(template)), {"ready", "error"})
    assert "hostPath" in deployment["last_error"]


TPL = item('{a: {{ tpl (default "" .Values.user.text) . | quote }}}')


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("{{ .Release.Namespace | len | lt 5 }}", "true"),
        ('<{{ getHostByName "localhost" }}>', "<>"),
        ("<{{ .Files.Get \"/etc/passwd\" }}>", "<>"),
    ],
)  # fmt: skip
async def test_template_text_of_a_user_stays_in_its_bounds(watcher: Watcher, stack: Stack, text: str, shown: str):
    """Row 49: a chart that evaluates what users write evaluates it, and it reaches nothing."""
    template = await charts.push(stack, {"templates/item.yaml": TPL})
    assert await data_of(watcher, template, user_values={"text": text}) == {"a": shown}


@pytest.mark.parametrize(
    "text",
    ['{{ lookup "v1" "Secret" "slipway-system" "" }}', '{{ lookup "v1" "Namespace" "" "" }}', '{{ env "HOME" }}'],
)
async def test_template_text_of_a_user_that_reaches_out_is_refused(watcher: Watcher, stack: Stack, text: str):
    """Row 49: with the tenant's own rights, which end at its namespace."""
    template = await charts.push(stack, {"templates/item.yaml": TPL})
    deployment = await watcher.deploy(await watcher.new_product(template), user_values={"text": text})
    told = await watcher.failure(deployment)
    assert told["will_retry"] is False, told
    assert "forbid" in told["reason"] or "not defined" in told["reason"], told


async def test_template_text_of_a_user_is_text_where_no_chart_evaluates_it(watcher: Watcher, stack: Stack):
    """Row 49."""
    template = await charts.push(stack, {"templates/item.yaml": item("{a: {{ .Values.user.text | quote }}}")})
    text = "{{ .Values }} {{ fail `no` }} *a &b !!python/object:x"
    assert await data_of(watcher, template, user_values={"text": text}) == {"a": text}


async def test_aliases_in_a_value_are_not_written_out(watcher: Watcher, stack: Stack):
    """Row 49: of a chart that puts what users write into its objects as it is."""
    template = await charts.push(stack, {"templates/item.yaml": item("\n{{ .Values.user.text | indent 2 }}")})
    told = await refused(watcher, template, user_values={"text": aliases()})
    assert (told["code"], told["failure_class"]) == ("template_failed", "terminal")


async def test_templates_that_never_end_are_ended(watcher: Watcher, stack: Stack):
    """Row 48: it is told from a slow cluster, and not tried again."""
    fields = await charts.push(stack, {"templates/item.yaml": item(f"{{a: '{FOREVER}'}}")})
    told = await refused(watcher, fields)
    assert (told["code"], told["failure_class"], told["will_retry"]) == ("render_too_slow", "terminal", False)
