"""Judges what a chart says of itself before Helm reads it: its name, and schemas that would make Helm open files or URLs."""

import re
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlsplit

import msgspec
from yaml import YAMLError

from slipway_executor.cluster import yaml
from slipway_executor.failing import terminal

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*\Z")
CHART_LIMIT = 1024 * 1024
"""Of a Chart.yaml, its aliases written out."""
SCHEMA = "values.schema.json"
REFERENCES = ("$ref", "$dynamicRef", "$recursiveRef")
DRAFTS = "json-schema.org"
"""Host of the drafts that Helm has built in; any other `$schema` is fetched by it."""


def check_name(content: bytes) -> None:
    """OperationFailed unless a Chart.yaml names its chart by a plain word."""
    try:
        chart = yaml.load_bounded(content, most=CHART_LIMIT)
    except (YAMLError, RecursionError) as error:
        raise terminal("chart_unreadable", "the chart's Chart.yaml is no YAML") from error
    name = chart.get("name") if isinstance(chart, dict) else None
    if not isinstance(name, str) or not _NAME.match(name):
        raise terminal("chart_unsafe", "the chart's name in Chart.yaml is not a plain word")


def check_schema(content: bytes) -> None:
    """OperationFailed unless a chart's schema stands for itself: Helm would follow a reference to a file or a URL."""
    try:
        schema = msgspec.json.decode(content)
    except (msgspec.DecodeError, RecursionError) as error:
        raise terminal("chart_unsafe", f"the chart's {SCHEMA} is no JSON, or is nested without end") from error
    for keyword, target in _targets(schema):
        if keyword == "$schema" and urlsplit(target).hostname == DRAFTS:
            continue
        if keyword == "$schema" or not target.startswith("#"):
            shown = f"{keyword} {target[:100]}"
            raise terminal("chart_unsafe", f"the chart's {SCHEMA} points outside of itself ({shown})")


def _targets(schema: Any) -> Iterator[tuple[str, str]]:
    waiting = [schema]
    while waiting:
        node = waiting.pop()
        if isinstance(node, dict):
            for key in (*REFERENCES, "$schema"):
                if isinstance(target := node.get(key), str):
                    yield key, target
            waiting += node.values()
        elif isinstance(node, list):
            waiting += node
