"""`slipway login`, `logout`, `whoami`."""

import contextlib
import os
from typing import Annotated

from cyclopts import App, Parameter

from slipway.cli import credentials
from slipway.cli.asking import line, password
from slipway.cli.credentials import Server
from slipway.cli.exits import Exit, Stop
from slipway.cli.groups import SIGN_IN
from slipway.cli.output import Column, Format, Output, say, show_one
from slipway.cli.session import connected, opened, renewal
from slipway.client import Refused
from slipway.client.users import User


async def login(
    url: str | None = None,
    *,
    email: Annotated[str | None, Parameter(name=["--email", "-e"])] = None,
    password_stdin: bool = False,
    token_stdin: bool = False,
) -> None:
    """Sign in to a server and remember it.

    The token is kept in ~/.config/slipway/credentials.json, readable by you alone. SLIPWAY_API_URL and SLIPWAY_TOKEN
    win over it.

    Parameters
    ----------
    url
        Where the API is, as in https://slipway.example.org. By default SLIPWAY_API_URL, or the server of last time.
    email
        Your address; asked for when it is not given.
    password_stdin
        Read the password from standard input instead of asking for it.
    token_stdin
        Store a personal access token, read from standard input, instead of signing in.
    """
    file = credentials.path()
    where = url.rstrip("/") if url else credentials.server_url(os.environ, credentials.read(file))
    async with opened(where) as slipway:
        if token_stdin:
            token, refresh_token = password("", from_stdin=True).strip(), None
            slipway.http.bear(token)
        else:
            email = email or line("E-mail: ")
            if not email:
                raise KeyboardInterrupt
            granted = await slipway.http.sign_in(email, password("Password: ", from_stdin=password_stdin))
            token, refresh_token = granted.access_token, granted.refresh_token
        me = await slipway.users.me()
    credentials.remember(file, where, Server(email=me.email, token=token, refresh_token=refresh_token))
    say(f"signed in to {where} as {me.email}{' (admin)' if me.is_admin else ''}")
    if credentials.given_token(os.environ):
        say(f"but {credentials.TOKEN} is set, and wins: unset it to use this sign-in")


async def logout() -> None:
    """End the sign-in at the server that is used now, and forget it."""
    file = credentials.path()
    known = credentials.read(file)
    where = credentials.server_url(os.environ, known)
    if where not in known.servers:
        raise Stop(Exit.FAILED, f"nobody is signed in to {where}")
    server = known.servers[where]
    if server.refresh_token:
        with contextlib.suppress(Refused, Stop):  # it ended already, or the server is not there: forget it all the same
            async with opened(where, token=server.token, renew=renewal(where, server.token)) as slipway:
                await slipway.http.sign_out()
    credentials.forget(file, where)
    say(f"signed out of {where}")


async def change_password() -> None:
    """Change your password, asking for the present and the new one. Your other sign-ins end."""
    current = password("Present password: ", from_stdin=False)
    new = password("New password: ", from_stdin=False)
    if password("New password again: ", from_stdin=False) != new:
        raise Stop(Exit.MISUNDERSTOOD, "the two new passwords differ: nothing was changed")
    async with connected() as slipway:
        await slipway.users.change_password(current, new)
    say("your password is changed")


async def whoami(*, output: Output = Format.TABLE) -> None:
    """Show who is signed in, and where."""
    where = credentials.server_url(os.environ, credentials.read(credentials.path()))
    async with connected() as slipway:
        me = await slipway.users.me()
    lines: list[Column[User]] = [
        ("user", lambda _: me.email), ("name", lambda _: me.display_name),
        ("rights", lambda _: "admin" if me.is_admin else "user"), ("server", lambda _: where),
    ]  # fmt: skip
    show_one(me, lines, output)


def register(app: App) -> None:
    for command in (login, logout, whoami):
        app.command(command, group=SIGN_IN)
    app.command(change_password, name="password", group=SIGN_IN)
