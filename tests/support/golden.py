"""Every message of major 1 as its first release wrote it, and as a later one may. The golden ones are never edited."""

from typing import Any

import msgspec

from slipway.messaging.messages import Beat, BeatAnswer, Claim, ClaimAnswer, Command, Progress, Report

JOB = "01890000-0000-7000-8000-000000000001"
OLDEST: dict[str, tuple[type[msgspec.Struct], dict[str, Any]]] = {
    "command": (
        Command,
        {
            "job": JOB, "fence": 7, "generation": 1, "attempt": 0, "reason": "create", "action": "apply",
            "cluster": "local", "installation": JOB, "deployment": JOB, "owner": JOB, "namespace": "n", "release": "r",
            "chart": {"builtin": "web-service"}, "values": {"a": 1}, "digest": "d" * 40, "health_timeout_sec": 300,
        },
    ),
    "claim": (Claim, {"job": JOB, "fence": 7, "instance": "e1", "cluster": "local"}),
    "claim answer": (ClaimAnswer, {"verdict": "run"}),
    "beat": (
        Beat,
        {
            "instance": "e1", "cluster": "local", "slots": 4, "free": 3, "version": "0.1.0",
            "jobs": [{"job": JOB, "fence": 7, "phase": "applying"}],
        },
    ),
    "beat answer": (BeatAnswer, {"jobs": [{"job": JOB, "fence": 7, "verdict": "ok"}]}),
    "report": (
        Report,
        {
            "job": JOB, "fence": 7, "seq": 1, "deployment": JOB, "cluster": "local", "generation": 1, "instance": "e1",
            "outcome": "done", "applied": {"generation": 1, "revision": 1, "digest": "d" * 40}, "timings_ms": {"helm": 1.0},
        },
    ),
    "progress": (
        Progress,
        {
            "job": JOB, "fence": 7, "deployment": JOB, "owner": JOB, "cluster": "local", "generation": 1, "phase": "watching",
            "ready": 1, "total": 2,
        },
    ),
}  # fmt: skip
"""Every message as the first release of major 1 wrote it."""


def with_more(value: Any) -> Any:
    """Return the message with an unknown field in it and in each object within it, free-form ones aside."""
    if isinstance(value, list):
        return [with_more(each) for each in value]
    if not isinstance(value, dict):
        return value
    free = ("values", "timings_ms", "secret_fields")  # objects whose keys are data
    inner = {name: each if name in free else with_more(each) for name, each in value.items()}
    return {**inner, "added_in_a_newer_release": {"x": [1, None, "y"]}}


def newer(name: str, message: dict[str, Any]) -> dict[str, Any]:
    """Return what a later release might write of a message, whatever it is called."""
    return with_more(message)


def oldest(name: str, message: dict[str, Any]) -> dict[str, Any]:
    """Return what the first release would have written of a message: it had no other fields."""
    return {field: value for field, value in message.items() if field in OLDEST[name][1]}
