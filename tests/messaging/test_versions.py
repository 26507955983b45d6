"""Row 58: messages of an older and of a newer release are understood by this one."""

from typing import Any

import msgspec
import pytest

from slipway.messaging.messages import Beat, BeatAnswer, Claim, ClaimAnswer, Command, Progress, Report, encode
from tests.support.golden import OLDEST, with_more


@pytest.mark.parametrize("name", OLDEST)
def test_what_an_older_release_wrote_is_read_with_defaults(name: str):
    kind, golden = OLDEST[name]
    read = msgspec.json.decode(msgspec.json.encode(golden), type=kind)
    again = msgspec.to_builtins(msgspec.json.decode(encode(read), type=kind))
    assert _within(golden, again), "nothing of it is lost on the way"


@pytest.mark.parametrize("name", OLDEST)
def test_what_a_newer_release_adds_is_left_alone(name: str):
    kind, golden = OLDEST[name]
    newer = with_more(golden)
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
    assert {Command, Claim, ClaimAnswer, Beat, BeatAnswer, Report, Progress} == required


def _within(part: Any, whole: Any) -> bool:
    if isinstance(part, dict):
        return all(name in whole and _within(value, whole[name]) for name, value in part.items())
    if isinstance(part, list):
        return len(part) == len(whole) and all(_within(one, other) for one, other in zip(part, whole, strict=True))
    return part == whole
