"""The operations of a run, drawn from its seed: what is asked of which deployment, and which service dies when."""

import random
from collections.abc import Collection
from typing import Any

import msgspec

ROUTES = {
    "create": ("post", "/deployments"),
    "patch": ("patch", "/deployments/{deployment_id}"),
    "upgrade": ("post", "/deployments/{deployment_id}/upgrade"),
    "rollback": ("post", "/deployments/{deployment_id}/rollback"),
    "suspend": ("post", "/deployments/{deployment_id}/suspend"),
    "resume": ("post", "/deployments/{deployment_id}/resume"),
    "cancel": ("post", "/deployments/{deployment_id}/cancel"),
    "reconcile": ("post", "/deployments/{deployment_id}/reconcile"),
    "restart": ("post", "/deployments/{deployment_id}/restart"),
    "delete": ("delete", "/deployments/{deployment_id}"),
}
_WEIGHTS = {"patch": 30, "upgrade": 12, "rollback": 8, "suspend": 5, "resume": 9, "cancel": 8, "reconcile": 10, "restart": 5,
            "delete": 3}  # fmt: skip
_KILLED = {"executor-1": 6, "executor-2": 6, "scheduler-1": 2, "scheduler-2": 2}
KILLS_PER_OPERATION = 0.03
LONGEST_PAUSE_SEC = 0.1


class Operation(msgspec.Struct, frozen=True, kw_only=True):
    """One step. `place` is the slot of the deployment; an empty slot is filled by a create first."""

    verb: str
    place: int
    number: int
    """Makes values differ from one operation to the next; chooses templates and revisions."""
    pause_sec: float
    kill: str | None = None
    """The service to kill before it. Services that are dead then are started again."""


def offered(document: dict[str, Any]) -> set[str]:
    """Return the verbs whose routes stand in the OpenAPI document."""
    paths = {path.removeprefix("/api/v1"): methods for path, methods in document["paths"].items()}
    return {verb for verb, (method, path) in ROUTES.items() if method in paths.get(path, {})}


def draw(seed: int, *, operations: int, deployments: int, verbs: Collection[str]) -> list[Operation]:
    """Return the operations of a seed: always the same for the same arguments."""
    dice = random.Random(seed)
    known = [verb for verb in _WEIGHTS if verb in verbs]
    return [
        Operation(
            verb=dice.choices(known, [_WEIGHTS[verb] for verb in known])[0],
            place=dice.randrange(deployments),
            number=number,
            pause_sec=dice.random() * LONGEST_PAUSE_SEC,
            kill=dice.choices(list(_KILLED), list(_KILLED.values()))[0]
            if dice.random() < KILLS_PER_OPERATION
            else None,
        )
        for number in range(operations)
    ]
