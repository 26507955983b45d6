"""The command `slipway`: one for users, admins and developers. Exit codes are in `slipway.cli.exits`."""

import os
import sys
from typing import Literal

import msgspec
from cyclopts import App, CycloptsError, Parameter

from slipway.cli import (
    admin,
    chat,
    config,
    deploy,
    deployments,
    events,
    login,
    logs,
    objects,
    products,
    secrets,
    tasks,
    tokens,
    verbs,
)
from slipway.cli.exits import Exit, Stop, exit_of
from slipway.cli.groups import OPERATIONS
from slipway.cli.output import say
from slipway.client import NotFound, Refused, Unreachable

app = App(
    name="slipway",
    help="Self-service deployments on Kubernetes. Begin with `slipway login`, then `slipway products`.",
    version="0.1.0",
    default_parameter=Parameter(negative="", show_default=False),
)
for noun in (login, products, deploy, deployments, verbs, objects, logs):
    noun.register(app)
for group in (secrets, tokens, events, tasks, chat, admin, config):
    app.command(group.app)


@app.command(group=OPERATIONS)
def completion(shell: Literal["bash", "zsh", "fish"], /, *, install: bool = False) -> None:
    """Print the completion script of a shell: `source <(slipway completion bash)`.

    Parameters
    ----------
    shell
        The shell that it is for.
    install
        Put it where the shell looks, for all times.
    """
    if install:
        say(f"installed as {app.install_completion(shell=shell, add_to_startup=shell != 'fish')}: open a new shell")
    else:
        print(app.generate_completion(shell=shell))


def main() -> None:
    """Run the command line; `dev` is there when its extra is installed."""
    if len(sys.argv) > 1 and sys.argv[1] == "dev":
        try:
            from slipway.dev.commands import app as dev  # noqa: PLC0415 - an extra that images do not have
        except ModuleNotFoundError as error:
            sys.exit(f"slipway dev needs the extra 'dev': pip install 'slipway[dev]' (missing: {error.name})")
        app.command(dev)
    sys.exit(run(sys.argv[1:]))


def run(arguments: list[str]) -> int:
    """Run one command and return its exit code. Only a defect of this program leaves a traceback."""
    try:
        app(arguments, exit_on_error=False, print_error=False, result_action="return_value")
    except CycloptsError as error:
        say(f"slipway: {error} (--help shows how)")
        return Exit.MISUNDERSTOOD
    except KeyboardInterrupt:
        return Exit.INTERRUPTED
    except BrokenPipeError:  # what read our output has seen enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return Exit.DONE
    except (Stop, Refused, Unreachable, NotFound, msgspec.ValidationError) as error:
        code, message = exit_of(error)
        say(f"slipway: {message}")
        return code
    except UnicodeError:
        say("slipway: what was given is no text in UTF-8")
        return Exit.MISUNDERSTOOD
    except OSError as error:
        if not error.filename:
            raise
        say(f"slipway: {error.filename}: {error.strerror}")
        return Exit.FAILED
    return Exit.DONE
