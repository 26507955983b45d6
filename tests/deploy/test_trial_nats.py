"""The in-tree NATS is told in a form that the server takes: on the simulated node nothing reads it."""

import asyncio
import base64
import json
import re
import sys
from pathlib import Path

from slipway.dev.nats import MAX_PAYLOAD
from slipway.messaging.streams import STREAMS
from tests.deploy.helming import ROOT, named, rendered


async def test_the_server_takes_the_configuration_of_the_chart(tmp_path: Path):
    secret = named(await rendered({"nats.enabled": True}), "Secret", "slipway-nats")
    config = tmp_path / "slipway.conf"
    config.write_bytes(base64.b64decode(secret["data"]["slipway.conf"]))
    server = Path(sys.executable).parent / "nats-server"
    argv = (str(server), "-t", "-c", str(config))
    read = await asyncio.create_subprocess_exec(*argv, stderr=asyncio.subprocess.PIPE)
    _, said = await read.communicate()
    assert read.returncode == 0, said.decode()


async def test_the_server_has_room_for_the_streams_whatever_is_free_when_it_starts():
    """Its own limit is three quarters of what is free: on a small volume it would refuse streams that may grow beyond."""
    secret = named(await rendered({"nats.enabled": True}), "Secret", "slipway-nats")
    told = json.loads(base64.b64decode(secret["data"]["slipway.conf"]))
    compose = (ROOT / "deploy" / "compose" / "nats.conf").read_text()
    reserved = sum(stream.max_bytes or 0 for stream in STREAMS)
    for limit in (told["jetstream"]["max_file_store"], int(re.findall(r"max_file_store: (\d+)", compose)[0])):
        assert limit >= reserved


async def test_a_message_may_be_as_large_as_where_everything_is_tried():
    secret = named(await rendered({"nats.enabled": True}), "Secret", "slipway-nats")
    assert json.loads(base64.b64decode(secret["data"]["slipway.conf"]))["max_payload"] == MAX_PAYLOAD
    assert f"max_payload: {MAX_PAYLOAD}\n" in (ROOT / "deploy" / "compose" / "nats.conf").read_text()
