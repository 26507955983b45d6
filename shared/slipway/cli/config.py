"""`slipway config show`: the settings that a service would start with here, and where each comes from."""

import os
import sys
from importlib.metadata import entry_points

from cyclopts import App

from slipway.cli.exits import Exit, Stop
from slipway.cli.groups import OPERATIONS
from slipway.cli.output import Column, Format, Output, dump, say, show_list
from slipway.settings import Effective, Settings, effective, unknown

app = App(name="config", help="Settings of the services.", group=OPERATIONS)
GROUP = "slipway.settings"


@app.command
def show(service: str | None = None, /, *, output: Output = Format.TABLE) -> None:
    """Show the settings that a service would start with in this environment; exit code 1 when it would not start.

    Parameters
    ----------
    service
        api, scheduler or executor; by default all that are installed here.
    """
    known = {point.name: point for point in entry_points(group=GROUP)}
    if service is not None and service not in known:
        raise Stop(Exit.MISUNDERSTOOD, f"there is no service {service!r}; there are: {', '.join(sorted(known))}")
    kinds: dict[str, type[Settings]] = {
        name: point.load() for name, point in known.items() if service in (None, name)
    }  # fmt: skip
    found = {name: effective(kind, os.environ) for name, kind in kinds.items()}
    if output is Format.TABLE:
        for name, settings in found.items():
            _table(name, settings, list(unknown(kinds[name], os.environ)))
    else:
        dump({name: [_plain(each) for each in settings] for name, settings in found.items()}, output)
    if any(each.mistake for settings in found.values() for each in settings):
        sys.exit(Exit.FAILED)


def _table(name: str, settings: list[Effective], warnings: list[str]) -> None:
    print(f"# {name}")
    columns: list[Column[Effective]] = [
        ("variable", lambda each: each.variable), ("value", lambda each: each.shown),
        ("from", lambda each: each.source), ("mistake", _mistake),
    ]  # fmt: skip
    show_list(settings, columns, Format.TABLE, empty="it has no settings")
    for sentence in warnings:
        say(f"warning: {sentence}")
    print()


def _mistake(each: Effective) -> str:
    return (each.mistake or "").removeprefix(f"{each.variable} ")


def _plain(each: Effective) -> dict[str, str | None]:
    return {"variable": each.variable, "value": each.shown, "from": each.source, "mistake": each.mistake}
