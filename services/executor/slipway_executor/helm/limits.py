"""How long a Helm operation may take, whichever adapter runs it, and what is said when it takes longer."""

import contextlib
from collections.abc import Generator

from slipway_executor.failing import OperationFailed, terminal, transient

RENDER_SEC = 20.0
BESIDE_HOOKS_SEC = 120.0
"""What an operation may take beside its hooks."""
_TOO_SLOW, _ENDED = "helm_too_slow", "helm_killed"


def too_slow(limit_sec: float, at: str = "") -> OperationFailed:
    """Tell that Helm was ended by us, and where it was by then."""
    where = f" ({at})" if at else ""
    return transient(_TOO_SLOW, f"Helm did not end within {limit_sec:.0f} s{where}", changed=True)


def ended() -> OperationFailed:
    """Tell that Helm ended itself when its right to write was over."""
    return transient(_ENDED, "Helm was ended at its deadline", changed=True)


@contextlib.contextmanager
def rendering(*, on_server: bool) -> Generator[None]:
    """Judge a render, which changes nothing: one that has no cluster to wait for and does not end never will."""
    try:
        yield
    except OperationFailed as error:
        if error.failure.code not in (_TOO_SLOW, _ENDED):
            raise
        words = f"the chart did not render within {RENDER_SEC:.0f} s"
        raise (transient if on_server else terminal)("render_too_slow", words) from error
