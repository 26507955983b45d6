"""`slipway tokens`: personal access tokens, for scripts."""

from typing import Annotated

from cyclopts import App, Parameter

from slipway.cli.groups import SIGN_IN
from slipway.cli.output import Column, Format, Output, say, show_list, show_one
from slipway.cli.session import connected
from slipway.cli.times import age, moment_of
from slipway.client.naming import ending
from slipway.client.tokens import Token

app = App(name="tokens", help="Your personal access tokens.", group=SIGN_IN)

COLUMNS: list[Column[Token]] = [
    ("id", lambda each: ending(each.id)), ("name", lambda each: each.name),
    ("rights", lambda each: "read only" if each.read_only else "all of yours"),
    ("expires", lambda each: f"{each.expires_at:%Y-%m-%d}" if each.expires_at else "never"),
    ("last used", lambda each: f"{age(each.last_used_at)} ago" if each.last_used_at else "never"),
]  # fmt: skip


@app.default
async def list_(*, output: Output = Format.TABLE) -> None:
    """List your tokens."""
    async with connected() as slipway:
        show_list(await slipway.tokens.list(), COLUMNS, output, empty="you have no token")


@app.command
async def create(
    name: str, /, *, read_only: bool = False, expires: str | None = None, output: Output = Format.TABLE
) -> None:
    """Make a token and print it, this once. Use it as SLIPWAY_TOKEN, or with `slipway login --token-stdin`.

    Parameters
    ----------
    name
        What it is for.
    read_only
        It may look, and change nothing.
    expires
        When it ends: 30d, or a time; never when it is not said.
    """
    until = moment_of(expires, "--expires") if expires else None
    async with connected() as slipway:
        made = await slipway.tokens.create(name, read_only=read_only, expires_at=until)
    if output is Format.TABLE:
        print(made.token)
        say("keep it now: it is not shown again")
    else:
        show_one(made, COLUMNS, output)


@app.command
async def delete(token: Annotated[str, Parameter(help="Its name, or its id as `slipway tokens` shows it.")], /) -> None:
    """Remove a token, by its name or id: it is refused from now on."""
    async with connected() as slipway:
        found = await slipway.tokens.find(token)
        await slipway.tokens.delete(found.id)
    say(f"removed: {found.name}")
