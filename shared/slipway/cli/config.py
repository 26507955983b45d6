"""`slipway config show`: the settings that a service would start with here, and where each comes from."""

import os
import sys
from importlib.metadata import EntryPoint, entry_points

from cyclopts import App

from slipway.cli.exits import Exit, Stop
from slipway.cli.groups import OPERATIONS
from slipway.cli.output import Column, Format, Output, dump, say, show_list
from slipway.settings import PROGRAMS, SERVICES, Effective, Settings, effective, unknown

app = App(name="config", help="Settings of the services.", group=OPERATIONS)


@app.command
def show(service: str | None = None, /, *, output: Output = Format.TABLE) -> None:
    """Show the settings that a program would start with in this environment; exit code 1 when it would not start.

    Parameters
    ----------
    service
        api, scheduler, executor or console; or of what runs once, prepare, migrations or logins. By default all services.
    """
    known = {point.name: point for group in (SERVICES, PROGRAMS) for point in entry_points(group=group)}
    if service is not None and service not in known:
        raise Stop(Exit.MISUNDERSTOOD, f"there is no service {service!r}; there are: {', '.join(sorted(known))}")
    asked = [known[service]] if service else [point for point in known.values() if point.group == SERVICES]
    kinds = {point.name: kind for point in asked if (kind := _installed(point))}
    if not kinds:
        raise Stop(Exit.MISUNDERSTOOD, f"{service} is not installed here")
    found = {name: effective(kind, os.environ) for name, kind in kinds.items()}
    if output is Format.TABLE:
        for name, settings in found.items():
            _table(name, settings, list(unknown(kinds[name], os.environ)))
    else:
        dump({name: [_plain(each) for each in settings] for name, settings in found.items()}, output)
    if any(each.mistake for settings in found.values() for each in settings):
        sys.exit(Exit.FAILED)


def _installed(point: EntryPoint) -> type[Settings] | None:
    """Return the settings; None where packages are missing that only their own program's image has."""
    try:
        return point.load()
    except ModuleNotFoundError:
        return None


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
