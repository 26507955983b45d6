"""The in-tree NATS is told in a form that the server takes: on the simulated node nothing reads it."""

import asyncio
import base64
import sys
from pathlib import Path

from tests.deploy.helming import named, rendered


async def test_the_server_takes_the_configuration_of_the_chart(tmp_path: Path):
    secret = named(await rendered({"nats.enabled": True}), "Secret", "slipway-nats")
    config = tmp_path / "slipway.conf"
    config.write_bytes(base64.b64decode(secret["data"]["slipway.conf"]))
    server = Path(sys.executable).parent / "nats-server"
    argv = (str(server), "-t", "-c", str(config))
    read = await asyncio.create_subprocess_exec(*argv, stderr=asyncio.subprocess.PIPE)
    _, said = await read.communicate()
    assert read.returncode == 0, said.decode()
