"""Where a container's log is read, and which lines of it."""

import contextlib
from collections.abc import Generator

from slipway_executor.cluster.kubernetes import NotThere
from slipway_executor.cluster.port import LogRequest
from slipway_executor.failing import terminal


def path(namespace: str, wanted: LogRequest) -> str:
    return f"/api/v1/namespaces/{namespace}/pods/{wanted.pod}/log"


def query(wanted: LogRequest) -> dict[str, str]:
    found = {"tailLines": str(wanted.tail), "previous": str(wanted.previous).lower()}
    return {**found, "container": wanted.container} if wanted.container else found


@contextlib.contextmanager
def border(wanted: LogRequest) -> Generator[None]:
    try:
        yield
    except NotThere as error:
        raise terminal("not_found", f"there is no pod {wanted.pod}, or it has no such container") from error
