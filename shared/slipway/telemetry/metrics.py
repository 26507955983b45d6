"""Metrics that every service has; each service's own stand in its `metrics` module. Names follow Prometheus's conventions."""

import platform
from functools import cache
from importlib.metadata import version as version_of

from prometheus_client import Counter, Gauge, disable_created_metrics

BUILD = Gauge("slipway_build_info", "What runs here; always 1.", ["component", "version", "python"])
PASSES = Counter("slipway_loop_passes_total", "Passes of a service's loops.", ["loop", "result"])
"""`result` is `ok` or `failed`."""
DEPENDENCY_UP = Gauge(
    "slipway_dependency_up", "Whether the last look at health found the dependency usable.", ["dependency"]
)


@cache
def version() -> str:
    return version_of("slipway")


def tell_build(service: str) -> None:
    """Say from now on what runs here; without the times at which each series began, which nobody asks for."""
    disable_created_metrics()
    BUILD.labels(component=service, version=version(), python=platform.python_version()).set(1)
