"""The command `slipway`. Exit codes: 0 done, 1 it could not be done, 2 the call was not understood, 130 interrupted."""

import sys

from cyclopts import App

from slipway.cli import events

app = App(name="slipway", help="Self-service deployments on Kubernetes.", version="0.1.0")
app.command(events.app)


def main() -> None:
    """Run the command line; `dev` is there when its extra is installed."""
    if len(sys.argv) > 1 and sys.argv[1] == "dev":
        try:
            from slipway.dev.commands import app as dev  # noqa: PLC0415 - an extra that images do not have
        except ModuleNotFoundError as error:
            sys.exit(f"slipway dev needs the extra 'dev': pip install 'slipway[dev]' (missing: {error.name})")
        app.command(dev)
    app()
