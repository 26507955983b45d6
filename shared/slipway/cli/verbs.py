"""`slipway suspend`, `resume`, `cancel`, `reconcile`, `restart`, `test`: what changes nothing that is wanted."""

from collections.abc import Awaitable, Callable
from typing import Annotated

from cyclopts import App, Parameter

from slipway.cli.deploy import finish
from slipway.cli.groups import DEPLOYMENTS
from slipway.cli.output import Format, Output
from slipway.cli.session import connected
from slipway.cli.waiting import Timeout, Wait, last_event
from slipway.client.deployments import Verb

HELP: dict[Verb, str] = {
    "suspend": "Hold back all work on a deployment but its removal; changes are accepted and wait.",
    "resume": "Let the work on a deployment go on.",
    "cancel": "Stop the running work; the cluster keeps what it has until the next change or `reconcile`.",
    "reconcile": "Compare a deployment with the cluster again, and correct it.",
    "restart": "Have all pods of a deployment made anew.",
    "test": "Run the tests of a deployment's chart.",
}
Name = Annotated[str, Parameter(help="Its name, its domain, or the beginning of its name.")]

INSTANT: frozenset[Verb] = frozenset({"suspend", "resume", "cancel"})
"""Done when the API answers: there is nothing to wait for."""


async def _ask(verb: Verb, name: str, *, wait: bool, timeout: str, output: Format) -> None:
    async with connected() as slipway:
        found = await slipway.deployments.find(name)
        after = await last_event(slipway, found)
        asked = await slipway.deployments.ask(found.id, verb)
        await finish(slipway, asked, wait=wait, timeout=timeout, output=output, after=after)


def _instant(verb: Verb) -> Callable[..., Awaitable[None]]:
    async def command(name: Name, /, *, output: Output = Format.TABLE) -> None:
        await _ask(verb, name, wait=False, timeout="1s", output=output)

    return command


def _longer(verb: Verb) -> Callable[..., Awaitable[None]]:
    async def command(
        name: Name, /, *, wait: Wait = False, timeout: Timeout = "15m", output: Output = Format.TABLE
    ) -> None:
        await _ask(verb, name, wait=wait, timeout=timeout, output=output)

    return command


reconcile = _longer("reconcile")


def register(app: App) -> None:
    for verb, text in HELP.items():
        app.command((_instant if verb in INSTANT else _longer)(verb), name=verb, help=text, group=DEPLOYMENTS)
