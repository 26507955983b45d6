"""The connection of one command, as whoever is signed in."""

import os
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

import msgspec

from slipway.cli import credentials
from slipway.cli.exits import SIGN_IN_AGAIN, Exit, Stop, exit_of
from slipway.client import Refused, Slipway, Unreachable
from slipway.client.http import BadAddress, Renew, SlipwayClient


@asynccontextmanager
async def connected() -> AsyncGenerator[Slipway]:
    """Yield the client; the environment wins over what `slipway login` stored."""
    known = credentials.read(credentials.path())
    url = credentials.server_url(os.environ, known)
    token = credentials.token(os.environ, known, url)
    renew = None if credentials.given_token(os.environ) else renewal(url, token)
    async with opened(url, token=token, renew=renew) as slipway:
        yield slipway


@asynccontextmanager
async def opened(url: str, *, token: str = "", renew: Renew | None = None) -> AsyncGenerator[Slipway]:
    """Yield a client of one server, whose silence is told with its address."""
    wrong = f"{url!r} is not an address: give a URL such as https://slipway.example.org ({credentials.URL})"
    if not url.startswith(("http://", "https://")):
        raise Stop(Exit.MISUNDERSTOOD, wrong)
    try:
        async with Slipway(url, token=token, renew=renew) as slipway:
            yield slipway
    except BadAddress:
        raise Stop(Exit.MISUNDERSTOOD, wrong) from None
    except Unreachable as error:
        raise Stop(*exit_of(error, url)) from error


def renewal(url: str, token: str) -> Renew:
    """Return what gets the next access token, from another command that had it already or from the server."""
    held = token

    async def renew() -> str:
        nonlocal held
        file = credentials.path()
        with credentials.locked(file):
            server = credentials.read(file).servers.get(url)
            if server is None or (server.token == held and server.refresh_token is None):
                raise Stop(Exit.NOT_ALLOWED, SIGN_IN_AGAIN)
            if server.token == held:
                server = await _next(url, server)
                credentials.remember(file, url, server)
            held = server.token
            return held

    return renew


async def _next(url: str, server: credentials.Server) -> credentials.Server:
    try:
        async with SlipwayClient(url) as http:
            granted = await http.refresh(server.refresh_token or "")
    except Refused:
        raise Stop(Exit.NOT_ALLOWED, SIGN_IN_AGAIN) from None
    return msgspec.structs.replace(server, token=granted.access_token, refresh_token=granted.refresh_token)
