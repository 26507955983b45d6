"""Row 58: messages of an older and of a newer release are understood by this one. The golden ones are never edited."""

from typing import Any

import msgspec
import pytest

from slipway.messaging.messages import Beat, BeatAnswer, Claim, ClaimAnswer, Command, Report, encode

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
}  # fmt: skip
"""Every message as the first release of major 1 wrote it."""


@pytest.mark.parametrize("name", OLDEST)
def test_what_an_older_release_wrote_is_read_with_defaults(name: str):
    kind, golden = OLDEST[name]
    read = msgspec.json.decode(msgspec.json.encode(golden), type=kind)
    again = msgspec.to_builtins(msgspec.json.decode(encode(read), type=kind))
    assert _within(golden, again), "nothing of it is lost on the way"


@pytest.mark.parametrize("name", OLDEST)
def test_what_a_newer_release_adds_is_left_alone(name: str):
    kind, golden = OLDEST[name]
    newer = _with_more(golden)
    assert msgspec.json.decode(msgspec.json.encode(newer), type=kind) == msgspec.json.decode(
        msgspec.json.encode(golden), type=kind
    )


@pytest.mark.parametrize("name", OLDEST)
def test_an_older_release_finds_all_that_it_requires_in_what_this_one_writes(name: str):
    kind, golden = OLDEST[name]
    written = msgspec.json.decode(encode(msgspec.convert(golden, kind)))
    assert golden.keys() <= written.keys()


def test_every_message_of_the_protocol_is_here():
    required = {kind for kind, _ in OLDEST.values()}
    assert {Command, Claim, ClaimAnswer, Beat, BeatAnswer, Report} == required


def _within(part: Any, whole: Any) -> bool:
    if isinstance(part, dict):
        return all(name in whole and _within(value, whole[name]) for name, value in part.items())
    if isinstance(part, list):
        return len(part) == len(whole) and all(_within(one, other) for one, other in zip(part, whole, strict=True))
    return part == whole


def _with_more(value: Any) -> Any:
    """Return the message with an unknown field in it and in each object within it, free-form ones aside."""
    if isinstance(value, list):
        return [_with_more(each) for each in value]
    if not isinstance(value, dict):
        return value
    free = ("values", "timings_ms")
    inner = {name: each if name in free else _with_more(each) for name, each in value.items()}
    return {**inner, "added_in_a_newer_release": {"x": [1, None, "y"]}}
