"""`slipway tasks`: one's own list of things to do."""

from typing import Annotated

from cyclopts import App, Parameter

from slipway.cli.exits import Exit, Stop
from slipway.cli.groups import ASSISTANT
from slipway.cli.output import Column, Format, Output, say, show_list, show_one
from slipway.cli.session import connected
from slipway.cli.times import age
from slipway.client.naming import ending
from slipway.client.tasks import Task

app = App(name="tasks", help="Your tasks.", group=ASSISTANT)


COLUMNS: list[Column[Task]] = [
    ("id", lambda each: ending(each.id)), ("done", lambda each: "yes" if each.is_completed else ""),
    ("title", lambda each: each.title),
    ("age", lambda each: age(each.created_at)),
]  # fmt: skip


Which = Annotated[str, Parameter(help="Its title, or its id as `slipway tasks` shows it.")]
Title = Annotated[str, Parameter(help="What is to be done.")]
More = Annotated[str | None, Parameter(help="Whatever else belongs to it.")]


@app.default
async def list_(*, output: Output = Format.TABLE) -> None:
    """List your tasks."""
    async with connected() as slipway:
        show_list(await slipway.tasks.list(), COLUMNS, output, empty="no task: `slipway tasks add TITLE` makes one")


@app.command
async def add(title: Title, /, *, description: More = None, output: Output = Format.TABLE) -> None:
    """Add a task."""
    async with connected() as slipway:
        _show(await slipway.tasks.create(title, description), output)


@app.command
async def show(task: Which, /, *, output: Output = Format.TABLE) -> None:
    """Show a task."""
    async with connected() as slipway:
        _show(await slipway.tasks.find(task), output)


@app.command
async def done(task: Which, /, *, output: Output = Format.TABLE) -> None:
    """Mark a task as done."""
    await _mark(task, completed=True, output=output)


@app.command
async def reopen(task: Which, /, *, output: Output = Format.TABLE) -> None:
    """Mark a task as not done."""
    await _mark(task, completed=False, output=output)


@app.command
async def edit(
    task: Which,
    /,
    *,
    title: Annotated[str | None, Parameter(help="What is to be done, in other words.")] = None,
    description: More = None,
    output: Output = Format.TABLE,
) -> None:
    """Change what a task says."""
    changes = {name: text for name, text in (("title", title), ("description", description)) if text is not None}
    if not changes:
        raise Stop(Exit.MISUNDERSTOOD, "nothing to change: use --title or --description")
    async with connected() as slipway:
        found = await slipway.tasks.find(task)
        _show(await slipway.tasks.change(found.id, **changes), output)


@app.command
async def delete(task: Which, /) -> None:
    """Delete a task."""
    async with connected() as slipway:
        found = await slipway.tasks.find(task)
        await slipway.tasks.delete(found.id)
    say(f"deleted: {found.title}")


async def _mark(task: str, *, completed: bool, output: Format) -> None:
    async with connected() as slipway:
        found = await slipway.tasks.find(task)
        _show(await slipway.tasks.change(found.id, is_completed=completed), output)


def _show(task: Task, output: Format) -> None:
    show_one(task, [*COLUMNS, ("description", lambda each: each.description)], output)
