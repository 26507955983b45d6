"""`slipway admin rollout`, `rollouts`, `stop-rollout`: a product's deployments upgraded in waves."""

import asyncio
import contextlib
from typing import Annotated, Any
from uuid import UUID

from cyclopts import App, Parameter
from rich.console import Group
from rich.live import Live
from rich.progress_bar import ProgressBar
from rich.text import Text

from slipway.cli.deploy import version_of
from slipway.cli.exits import Exit, Stop
from slipway.cli.output import Column, Format, Output, remarks, say, show_list, show_one
from slipway.cli.session import connected
from slipway.cli.times import age
from slipway.cli.waiting import LOOK_SEC, Wait
from slipway.client import Slipway
from slipway.client.rollouts import Rollout
from slipway.domain.rollouts import Progress, RolloutStatus

BAR_COLUMNS = 40


async def rollout(
    product: str,
    /,
    *,
    to: str | None = None,
    batch: Annotated[int | None, Parameter(name=["--batch", "-b"])] = None,
    max_failures: int | None = None,
    wait: Wait = False,
    output: Output = Format.TABLE,
) -> None:
    """Upgrade all deployments of a product, wave by wave.

    Parameters
    ----------
    product
        Its short name, name or id.
    to
        The version; by default the current one.
    batch
        How many at a time, 5 by default. A wave begins when the one before has ended.
    max_failures
        It stops when more than so many have failed; by default at the first.
    """
    asked: dict[str, Any] = {"batch_size": batch, "max_failures": max_failures}
    asked = {name: value for name, value in asked.items() if value is not None}
    async with connected() as slipway:
        found = await slipway.products.find(product)
        if to is not None:
            asked["template_id"] = (await version_of(slipway, found, to)).id
        begun = await slipway.rollouts.begin(found.id, **asked)
        if wait:
            begun = await _until_ended(slipway, begun)
        _show(begun, output)
        _tell_failures(begun)


async def rollouts(
    product: Annotated[str, Parameter(help="Its short name, name or id.")], /, *, output: Output = Format.TABLE
) -> None:
    """List the rollouts of a product, newest first."""
    async with connected() as slipway:
        found = await slipway.products.find(product)
        labels = {each.id: each.label for each in await slipway.templates.of_product(found.id)}
        rows = await slipway.rollouts.of_product(found.id)
    columns: list[Column[Rollout]] = [
        ("id", lambda each: each.id), ("to", lambda each: labels.get(each.template_id, "withdrawn")),
        ("status", lambda each: each.status), ("progress", lambda each: _words(each.progress)),
        ("age", lambda each: age(each.created_at)),
    ]  # fmt: skip
    show_list(rows, columns, output, empty=f"{found.slug} had no rollout yet")


async def stop_rollout(
    rollout: Annotated[UUID, Parameter(help="Its id: see `slipway admin rollouts PRODUCT`.")],
    /,
    *,
    output: Output = Format.TABLE,
) -> None:
    """Begin no further wave; what was begun goes on."""
    async with connected() as slipway:
        _show(await slipway.rollouts.stop(rollout), output)


async def _until_ended(slipway: Slipway, begun: Rollout) -> Rollout:
    """Show how far it is until it has ended."""
    console = remarks()
    live = Live(console=console, refresh_per_second=8) if console.is_terminal else None
    said = ""
    with live or contextlib.nullcontext():
        while True:
            begun = await slipway.rollouts.get(begun.id)
            words = _words(begun.progress)
            if live:
                live.update(_picture(begun.progress))
            elif words != said:
                say(words)
            said = words
            if begun.status != RolloutStatus.RUNNING and not begun.progress.running:
                return begun
            await asyncio.sleep(LOOK_SEC)


def _tell_failures(ended: Rollout) -> None:
    """Say why deployments failed or were left out; Stop when there are such that failed."""
    for item in ended.items or []:
        if item.error:
            say(f"{item.deployment_id} {item.status}: {item.error}")
    if ended.progress.failed and ended.status != RolloutStatus.RUNNING:
        raise Stop(Exit.NOT_READY, f"{ended.progress.failed} failed: `slipway show ID` tells why")


def _picture(progress: Progress) -> Group:
    done, total = _done(progress), _total(progress)
    bar = ProgressBar(total=max(total, 1), completed=done if total else 1, width=BAR_COLUMNS)
    return Group(bar, Text(f"{done} of {total}  {_words(progress)}"))


def _done(progress: Progress) -> int:
    return progress.succeeded + progress.failed + progress.skipped


def _total(progress: Progress) -> int:
    return _done(progress) + progress.waiting + progress.running


def _words(progress: Progress) -> str:
    counts = [(name, getattr(progress, name)) for name in progress.__struct_fields__]
    return ", ".join(f"{count} {name}" for name, count in counts if count) or "nothing to upgrade"


def _show(rollout: Rollout, output: Format) -> None:
    show_one(rollout, [
        ("id", lambda each: each.id), ("status", lambda each: each.status),
        ("progress", lambda each: _words(each.progress)), ("batch", lambda each: each.batch_size),
    ], output)  # fmt: skip


def register(app: App) -> None:
    for command in (rollout, rollouts, stop_rollout):
        app.command(command)
