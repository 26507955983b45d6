"""What dashboards and alerts ask for is what the services tell, and each alert has its runbook."""

import importlib
import json
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import promql_parser as promql
import pytest
import yaml
from prometheus_client import REGISTRY
from prometheus_client.metrics import MetricWrapperBase
from prometheus_client.parser import text_string_to_metric_families

ROOT = Path(__file__).resolve().parents[2]
CHART = ROOT / "deploy" / "helm" / "slipway"
MODULES = (
    "slipway.telemetry.metrics", "slipway.telemetry.memory", "slipway.telemetry.pool", "slipway_api.metrics",
    "slipway_scheduler.metrics", "slipway_executor.metrics",
)  # fmt: skip
TARGET_LABELS = {"instance"}
"""What Prometheus adds to every series of a target."""
COLLIDING = {"job", "instance", "service", "namespace", "pod", "container", "endpoint", "node"}
"""Labels of the target, which Prometheus would rename when a metric had them."""
OF_MANY = {
    "slipway_loop_passes_total", "slipway_job_attempts_total", "slipway_http_requests_total",
    "slipway_helm_operation_duration_seconds_bucket", "slipway_http_request_duration_seconds_bucket",
}  # fmt: skip
"""Counters whose alerts weigh many against many: the first of a series, which Prometheus does not see as an increase, does not
matter. Those of all others are at 0 from the start."""
PROCESS = {"process_resident_memory_bytes": set[str](), "process_cpu_seconds_total": set[str]()}
SUFFIXES = {"counter": ("_total",), "gauge": ("",), "histogram": ("_bucket", "_count", "_sum")}


def own_metrics() -> dict[str, set[str]]:
    """Return the series that Slipway's code makes, with their labels."""
    for module in MODULES:
        importlib.import_module(module)
    found: dict[str, set[str]] = {}
    for metric in {id(each): each for each in REGISTRY._names_to_collectors.values()}.values():
        if isinstance(metric, MetricWrapperBase) and metric._name.startswith("slipway_"):
            for suffix in SUFFIXES[str(metric._type)]:
                labels = {"le"} if suffix == "_bucket" else set[str]()
                found[f"{metric._name}{suffix}"] = labels | set(metric._labelnames)
    return found


def alerts() -> list[dict[str, Any]]:
    groups = yaml.safe_load((CHART / "files" / "alerts.yaml").read_text())["groups"]
    return [rule for group in groups for rule in group["rules"]]


def expressions() -> list[tuple[str, str]]:
    """Return every expression with where it stands."""
    found = [(f"alert {rule['alert']}", rule["expr"]) for rule in alerts()]
    for path in sorted((CHART / "dashboards").glob("*.json")):
        for panel in json.loads(path.read_text())["panels"]:
            found += [(f"{path.stem}: {panel['title']}", target["expr"]) for target in panel.get("targets", ())]
    return found


def nodes(node: Any) -> Iterator[Any]:
    """Yield every part of a parsed expression."""
    yield node
    for name in ("expr", "lhs", "rhs", "vector_selector", "param"):
        if (inner := getattr(node, name, None)) is not None:
            yield from nodes(inner)
    for argument in getattr(node, "args", None) or ():
        yield from nodes(argument)


def asked(expression: str) -> dict[str, set[str]]:
    """Return the metrics that an expression asks for, with the labels that it matches on each."""
    parsed = promql.parse(expression.replace("$__rate_interval", "5m"))
    found: dict[str, set[str]] = {}
    for each in nodes(parsed):
        if not isinstance(each, promql.VectorSelector):
            continue
        assert each.name, f"a selector without a metric's name in {expression}"
        found.setdefault(each.name, set()).update(matcher.name for matcher in each.matchers.matchers)
    return found


def groupings(expression: str) -> set[str]:
    lists = re.findall(r"\b(?:by|on|group_left|ignoring|without)\s*\(([^)]*)\)", expression)
    return {label.strip() for each in lists for label in each.split(",") if label.strip()}


@pytest.mark.parametrize(("place", "expression"), expressions())
def test_every_metric_and_label_exists(place: str, expression: str):
    known = own_metrics() | PROCESS
    metrics = asked(expression)
    assert metrics, place
    assert set(metrics) <= known.keys(), place
    for metric, labels in metrics.items():
        assert labels <= known[metric] | TARGET_LABELS, f"{place}: {metric}"
    assert groupings(expression) <= set().union(*(known[metric] for metric in metrics)) | TARGET_LABELS, place


def test_the_check_finds_what_is_not_there():
    assert asked('sum by (le) (rate(slipway_x_bucket{a="b"}[5m])) > 1 and on (x) topk(5, nothing)') == {
        "slipway_x_bucket": {"a"}, "nothing": set(),
    }  # fmt: skip
    assert asked("time() - max(absent(up)) unless -other > 1").keys() == {"up", "other"}
    with pytest.raises(ValueError, match=r"."):
        asked("sum(rate(slipway_x[5m])")


def test_every_metric_of_the_code_is_looked_at():
    """A figure that nobody sees is not worth its upkeep."""
    seen = {metric for _, expression in expressions() for metric in asked(expression)}
    families = {re.sub(r"_(bucket|count|sum)\Z", "", metric) for metric in own_metrics()}
    assert families == {
        re.sub(r"_(bucket|count|sum)\Z", "", metric) for metric in seen if metric.startswith("slipway_")
    }


def test_the_value_of_every_metric_is_held_against_what_happened():
    """Somewhere in the tests each is read, by its name between quotes; beside this file, which only compares names."""
    tests = "".join(path.read_text() for path in (ROOT / "tests").rglob("*.py") if path.parent != Path(__file__).parent)
    tests += (Path(__file__).parent / "test_common_metrics.py").read_text()
    families = {re.sub(r"_(bucket|count|sum)\Z", "", metric) for metric in own_metrics()}
    assert {
        family for family in families if not re.search(rf"""["']{family}(_count|_sum|_bucket)?["'{{ ]""", tests)
    } == set()


def test_names_follow_the_conventions():
    """Base units, `_total` for counters, no label that Prometheus gives to the target."""
    for metric, labels in own_metrics().items():
        assert re.fullmatch(r"slipway_[a-z][a-z0-9_]*", metric)
        assert not re.search(r"_(ms|millis|milliseconds|minutes|kb|mb)(_|\Z)", metric)
        assert not labels & COLLIDING, metric


def test_each_alert_says_how_bad_it_is_and_has_its_runbook():
    headings = set(re.findall(r"^### (Slipway\w+)$", (ROOT / "docs" / "operations.md").read_text(), re.MULTILINE))
    assert {rule["alert"] for rule in alerts()} == headings
    for rule in alerts():
        assert rule["labels"]["severity"] in ("warning", "critical")
        assert rule["annotations"]["summary"]


def test_panels_do_not_overlap():
    for path in (CHART / "dashboards").glob("*.json"):
        cells: set[tuple[int, int]] = set()
        for panel in json.loads(path.read_text())["panels"]:
            at = panel["gridPos"]
            own = {(at["x"] + x, at["y"] + y) for x in range(at["w"]) for y in range(at["h"])}
            assert not own & cells, panel["title"]
            cells |= own


def test_what_an_alert_counts_from_the_first_time_on_is_shown_before_it():
    """In a fresh process."""
    program = f"import importlib, prometheus_client as p; [importlib.import_module(m) for m in {MODULES}]; print(p.generate_latest().decode())"
    told = subprocess.check_output([sys.executable, "-c", program], text=True)
    samples = [sample for family in text_string_to_metric_families(told) for sample in family.samples]
    ranges = [
        each.vector_selector
        for rule in alerts()
        for each in nodes(promql.parse(rule["expr"]))
        if isinstance(each, promql.MatrixSelector)
    ]
    shown = {
        (sample.name, label) for sample in samples if not sample.value for label in [("", ""), *sample.labels.items()]
    }
    hidden = {
        each.name
        for each in ranges
        for matched in [("", ""), *((m.name, m.value) for m in each.matchers.matchers if m.op == promql.MatchOp.Equal)]
        if (each.name, matched) not in shown
    }
    assert hidden == OF_MANY
    assert ("slipway_job_leases_expired_total", ("kind", "silent")) in shown, "an alert by kind names none"
    assert ("slipway_job_leases_expired_total", ("kind", "unclaimed")) in shown
