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

from slipway.dev.deploy_files import SETTINGS
from slipway.domain.failures import FailureClass
from slipway.domain.jobs import FINISHED
from slipway.domain.outcomes import Outcome
from slipway_api.routes import api_router, health

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


def written(path: str, pattern: str) -> set[str]:
    """Return what a pattern's group finds in a file of the code."""
    found = set(re.findall(pattern, (ROOT / path).read_text()))
    assert found, f"{pattern} in {path}"
    return found


ROUTES = {route.path for route in api_router().routes} | {path for each in health.HANDLERS for path in each.paths}
VALUES: dict[tuple[str, str], set[str]] = {
    ("slipway_build_info", "component"): set(SETTINGS),
    ("slipway_loop_passes_total", "result"): written(
        "shared/slipway/lifecycle.py", r'PASSES\.labels\(self\._name, "(\w+)"\)'
    ),
    ("slipway_job_oldest_age_seconds", "state"): written(
        "shared/slipway/database/queries/measures.py", r'_state\(\s*"(\w+)"'
    ),
    ("slipway_jobs_ended_total", "status"): {each.value for each in FINISHED},
    ("slipway_job_attempts_total", "outcome"): {each.value for each in Outcome},
    ("slipway_job_attempts_total", "failure_class"): {each.value for each in FailureClass},
    ("slipway_helm_operation_duration_seconds_bucket", "action"): written(
        "services/executor/slipway_executor/helm/observed.py", r'_observed\("(\w+)"'
    ),
    ("slipway_http_requests_total", "status"): {str(status) for status in range(200, 600)},
    ("slipway_http_requests_total", "route"): ROUTES,
    ("slipway_http_request_duration_seconds_bucket", "route"): ROUTES,
    ("slipway_database_pool_connections", "state"): written(
        "shared/slipway/telemetry/pool.py", r'CONNECTIONS\.labels\("(\w+)"\)'
    ),
}
"""What a label that is asked for may be, as the code has it."""


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


def selectors(expression: str) -> Iterator[Any]:
    for each in nodes(promql.parse(expression.replace("$__rate_interval", "5m"))):
        if isinstance(each, promql.VectorSelector):
            yield each


def ways(matcher: Any) -> list[str]:
    """Return the regular expressions of which a matcher names any; one with a group at most is taken apart."""
    if matcher.op in (promql.MatchOp.Equal, promql.MatchOp.NotEqual):
        return [re.escape(matcher.value)]
    before, words, after = re.fullmatch(r"([^(]*)\(?([^()]*)\)?(.*)", matcher.value).groups()  # pyright: ignore[reportOptionalMemberAccess]
    return [way for word in words.split("|") for way in f"{before}{word}{after}".split("|")]


def never_matching(expression: str) -> list[tuple[str, str, str]]:
    """Return metric, label and value of each matcher that names, or also names, what no series has."""
    return [
        (each.name, matcher.name, matcher.value)
        for each in selectors(expression)
        for matcher in each.matchers.matchers
        for way in ways(matcher)
        if not any(re.fullmatch(way, value) for value in VALUES[each.name, matcher.name])
    ]


def asked(expression: str) -> dict[str, set[str]]:
    """Return the metrics that an expression asks for, with the labels that it matches on each."""
    found: dict[str, set[str]] = {}
    for each in selectors(expression):
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


@pytest.mark.parametrize(("place", "expression"), expressions())
def test_every_value_of_a_label_that_is_asked_for_exists(place: str, expression: str):
    assert never_matching(expression) == [], place


def test_a_value_that_no_series_has_is_found():
    assert never_matching('slipway_database_pool_connections{state="used"}')
    assert never_matching('slipway_http_requests_total{route!~"/health.*|.*/(logs|prewiev)"}')
    assert never_matching('slipway_http_requests_total{status=~"6.."}')


def test_every_label_that_is_shown_is_left_by_the_expression():
    """In the legends of panels and in the words of alerts."""
    shown = [(rule["expr"], str(rule["annotations"]), r"\$labels\.(\w+)") for rule in alerts()]
    for path in (CHART / "dashboards").glob("*.json"):
        for panel in json.loads(path.read_text())["panels"]:
            shown += [(each["expr"], each["legendFormat"], r"\{\{\s*(\w+)\s*\}\}") for each in panel.get("targets", ())]
    known, found = own_metrics() | PROCESS, 0
    for expression, text, pattern in shown:
        labels = set(re.findall(pattern, text))
        every = TARGET_LABELS.union(*(known[metric] for metric in asked(expression)))
        assert labels <= (groupings(expression) or every), f"{text}: {expression}"
        found += len(labels)
    assert found > 40


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
