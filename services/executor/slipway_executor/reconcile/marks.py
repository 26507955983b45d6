"""Telling whether two renderings are the same, without keeping what they say."""

from collections.abc import Callable
from typing import Any

from slipway_executor.cluster.port import Object
from slipway_executor.helm.port import Rendered

Mark = Callable[[Any], str]


def marked(mark: Mark, rendered: Rendered) -> str:
    """Return the mark of a rendering: of its objects and hooks, in whatever order they came."""
    return mark([sorted(rendered.objects, key=_order), sorted(rendered.hooks, key=_order)])


def _order(item: Object) -> tuple[str, str, str]:
    return item.get("apiVersion", ""), item["kind"], item["metadata"].get("name", "")
