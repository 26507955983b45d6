"""What somebody else wrote cannot colour, move or rename the terminal of whoever reads it."""

import io
import json as standard_json

import msgspec
import pytest

from slipway.cli import asking, tail
from slipway.cli.output import Format, dump, escaped
from slipway.cli.previewing import show_preview
from slipway.cli.waiting import until_done
from slipway.client import Slipway
from slipway.client.insight import Resource, Resources
from slipway.client.previews import FieldChange, ObjectChange, ObjectName, Preview, ValueChange
from slipway.domain.events import CloudEvent, EventType
from slipway.domain.jobs import JobStatus
from slipway.identity import new_id
from slipway.messaging import subjects
from slipway.messaging.memory import MemoryBroker
from tests.cli.scripted import DEPLOYMENT, NOW, job, json
from tests.client.scripted import scripted

RENAMES = "\x1b]0;pwned\x07"
SHOWN = "\N{REPLACEMENT CHARACTER}]0;pwned\N{REPLACEMENT CHARACTER}"


def failed(pos: int) -> CloudEvent:
    return CloudEvent(
        id=f"{pos}", source="s", type=EventType.DEPLOYMENT_FAILED, time=NOW, slipwayepoch=1, slipwaypos=pos, slipwayseq=pos,
        data={"reason": f"refused: {RENAMES}"},
    )  # fmt: skip


def test_a_preview(capsys: pytest.CaptureFixture[str]):
    named = {"api_version": "v1", "kind": "ConfigMap", "name": RENAMES}
    change = FieldChange(pointer=f"/data/{RENAMES}", before=RENAMES, after=RENAMES)
    preview = Preview(
        id=new_id(), expires_at=NOW, generation=1, promises="objects",
        values=[ValueChange(field=f"/{RENAMES}", before=RENAMES, after=RENAMES)], added=[ObjectName(**named)],
        changed=[ObjectChange(**named, fields=[change])], removed=[ObjectName(**named)],
    )  # fmt: skip
    show_preview(preview, Format.TABLE)
    printed = capsys.readouterr().out
    assert (printed.count(SHOWN), "\x1b]0" in printed) == (9, False)


async def test_what_is_waited_for(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("FORCE_COLOR", "1")  # for Rich this makes it a terminal, in which the picture is drawn
    broken = Resource(api_version="v1", kind="Pod", name="a", ready=False, reason=f"object {RENAMES}")
    answers = (
        json({"items": [job(JobStatus.RUNNING)]}), json(DEPLOYMENT), json({"items": [failed(1)]}),
        json(Resources(objects=[broken])),
        json({"items": [job(JobStatus.SUCCEEDED)]}), json(DEPLOYMENT), json({"items": [failed(2)]}),
    )  # fmt: skip
    async with scripted(*answers) as (url, _), Slipway(url) as client:
        await until_done(client, DEPLOYMENT, 60, after=0)
    said = capsys.readouterr().err
    assert (f"object {SHOWN}" in said, f"refused: {SHOWN}" in said, "\x1b]0" in said) == (True, True, False)


async def test_events_from_nats(capsys: pytest.CaptureFixture[str]):
    broker = MemoryBroker()
    await broker.ensure_topology([])
    for pos in (1, 2):
        await broker.publish(subjects.events(DEPLOYMENT.id), msgspec.json.encode(failed(pos)), message_id=f"{pos}")
    assert await tail.follow(broker, 1, 2) == 0
    printed = capsys.readouterr().out
    assert (printed.count(SHOWN), "\x1b" in printed) == (2, False)


def test_a_question(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch):
    class Person(io.StringIO):
        def isatty(self) -> bool:
            return True

    monkeypatch.setattr("sys.stdin", Person("y\n"))
    assert asking.agreed(f"Delete [conceal]{RENAMES}[/]?", yes=False)
    said = "".join(capsys.readouterr())
    assert (f"[conceal]{SHOWN}[/]" in said, "\x1b" in said) == (True, False)


@pytest.mark.parametrize("output", [Format.JSON, Format.YAML])
def test_what_programs_read(output: Format, capsys: pytest.CaptureFixture[str]):
    everything = "".join(chr(code) for code in range(0xA1)) + "ü\N{GRINNING FACE}"
    dump({"a": everything}, output)
    printed = capsys.readouterr().out
    assert {each for each in printed if not each.isprintable()} <= {"\n", "\x85", "\xa0"}
    assert msgspec.yaml.decode(printed) == {"a": everything}


def test_escaped_json_is_the_same_json():
    everything = "".join(chr(code) for code in range(0xA1)) + "ü\N{GRINNING FACE}"
    text = escaped(msgspec.json.encode(everything).decode())
    assert standard_json.loads(text) == everything
    assert {each for each in text if not each.isprintable()} <= {"\xa0"}
