"""`slipway dev`: the embedded servers, for developing and trying."""

import asyncio
import contextlib
import os
import sys
from pathlib import Path
from typing import Annotated, Literal

from cyclopts import App, Parameter
from rich.console import Console

from slipway.client.http import Refused
from slipway.dev import external, status, up
from slipway.dev.build import ensure_binaries
from slipway.dev.links import sign_in_link
from slipway.dev.process import ServerError, recorded
from slipway.dev.stack import Plan, stop_left
from slipway.lifecycle import first_of, stop_signal

app = App(
    name="dev", help="Embedded servers: PostgreSQL, NATS, a Kubernetes control plane, a registry, and Slipway on them."
)


def state_folder() -> Path:
    """Return where everything is kept: SLIPWAY_STATE, or `.slipway` here."""
    return Path(os.environ.get("SLIPWAY_STATE", ".slipway")).resolve()


def _fail(error: Exception) -> None:
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
def up_(
    *,
    detach: bool = False,
    node: Literal["simulated", "real"] = "simulated",
    use_external: Annotated[bool, Parameter(name="--external", negative="")] = False,
) -> None:
    """Start everything and deploy the sample; stay until Ctrl-C, or return at once with --detach.

    Parameters
    ----------
    detach
        Return when everything runs; `slipway dev down` stops it.
    node
        `real`: run pods on this machine, with containerd (Linux, as root; apt-get installs what is missing).
    use_external
        Use the servers that DATABASE_URL, NATS_URL and KUBECONFIG name, after saying what is written there.
    """
    console = Console()
    try:
        asyncio.run(_up(console, detach=detach, real_node=node == "real", use_external=use_external))
    except (ServerError, Refused) as error:
        _fail(error)
    except KeyboardInterrupt:
        sys.exit(130)


async def _up(console: Console, *, detach: bool, real_node: bool, use_external: bool) -> None:
    state = state_folder()
    running = [server for server in recorded(state) if server.alive]
    if set(status.EXPECTED) <= {server.name for server in running}:
        console.print(f"it runs already ({len(running)} processes under {state}): `slipway dev status` shows it")
        return
    servers = external.noticed(state)
    if use_external:
        for line in external.touched(servers):
            console.print(f"using {line}", markup=False, soft_wrap=True)
    elif found := external.names(servers):
        console.print(f"{', '.join(found)} left alone: the embedded servers are used (--external would use yours)")
    exporting = {name: value for name, value in os.environ.items() if name.startswith("OTEL_")}
    model = {name: value for name, value in os.environ.items() if name.startswith("SLIPWAY_ASSISTANT_")}
    used = servers if use_external else external.External()
    plan = Plan(state=state, external=used, extra=exporting, api=model, real_node=real_node)
    stop, up_to_stay = stop_signal(), False
    run = asyncio.ensure_future(_run(plan, stop, console, detach=detach))
    try:
        await first_of(run, stop.wait())
        if not run.cancelled():
            run.result()
            up_to_stay = detach
    finally:
        if not up_to_stay:
            with contextlib.suppress(OSError):  # the terminal may be what went away
                console.print("stopping ...")
            await stop_left(state)


async def _run(plan: Plan, stop: asyncio.Event, console: Console, *, detach: bool) -> None:
    stack = await up.start_and_seed(plan, console)
    try:
        await up.deploy_sample(stack, console)
        up.print_next(stack, console, await sign_in_link(stack))
        if not detach:
            console.print("Ctrl-C stops everything")
            await up.watch_over(stack, stop, console)
    finally:
        if not detach:
            await stack.down()


@app.command(name="status")
def status_() -> None:
    """Show what runs, its addresses and memory; exit code 1 when something does not."""
    sys.exit(0 if status.show(state_folder(), Console()) else 1)


@app.command
def down() -> None:
    """Stop everything that runs under the state folder."""
    stopped = asyncio.run(stop_left(state_folder()))
    Console().print(f"stopped {len(stopped)} processes")
