"""`slipway dev`: the embedded servers, for developing and trying."""

import asyncio
import os
import sys
from pathlib import Path

from cyclopts import App
from rich.console import Console

from slipway.dev import external, status, up
from slipway.dev.build import ensure_binaries
from slipway.dev.process import ServerError, recorded, stop_leftovers
from slipway.dev.stack import Plan
from slipway.lifecycle import stop_signal

app = App(
    name="dev", help="Embedded servers: PostgreSQL, NATS, a Kubernetes control plane, a registry, and Slipway on them."
)


def state_folder() -> Path:
    """Return where everything is kept: SLIPWAY_STATE, or `.slipway` here."""
    return Path(os.environ.get("SLIPWAY_STATE", ".slipway")).resolve()


def _fail(error: ServerError) -> None:
    Console(stderr=True).print(f"slipway dev: {error}", style="red", markup=False)
    sys.exit(1)


@app.command
def build() -> None:
    """Compile the embedded control plane, helm and kubectl, once; they are kept in the user's cache."""
    try:
        asyncio.run(ensure_binaries())
    except ServerError as error:
        _fail(error)


@app.command(name="up")
def up_(*, detach: bool = False, external_servers: bool = False) -> None:
    """Start everything and deploy the sample; stay until Ctrl-C, or return at once with --detach.

    Parameters
    ----------
    detach
        Return when everything runs; `slipway dev down` stops it.
    external_servers
        Reserved for servers of your own.
    """
    console = Console()
    try:
        asyncio.run(_up(console, detach=detach))
    except ServerError as error:
        _fail(error)
    except KeyboardInterrupt:
        sys.exit(130)
    del external_servers


async def _up(console: Console, *, detach: bool) -> None:
    state = state_folder()
    running = [server for server in recorded(state) if server.alive]
    if {"api", "scheduler-1", "executor-1"} <= {server.name for server in running}:
        console.print(f"it runs already ({len(running)} processes under {state}): `slipway dev status` shows it")
        return
    for name in external.noticed(own=str(state)):
        console.print(f"{name} is set and left alone: the embedded servers are used")
    stop = stop_signal()
    stack = await up.start_and_seed(Plan(state=state), console)
    try:
        await up.deploy_sample(stack, console)
        up.print_next(stack, console)
        if detach:
            return
        console.print("Ctrl-C stops everything")
        await up.watch_over(stack, stop, console)
    finally:
        if not detach:
            console.print("stopping ...")
            await stack.down()


@app.command(name="status")
def status_() -> None:
    """Show what runs, its addresses and memory; exit code 1 when something does not."""
    sys.exit(0 if status.show(state_folder(), Console()) else 1)


@app.command
def down() -> None:
    """Stop everything that runs under the state folder."""
    stopped = asyncio.run(stop_leftovers(state_folder()))
    Console().print(f"stopped {len(stopped)} processes")
