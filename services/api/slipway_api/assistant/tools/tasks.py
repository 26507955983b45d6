"""Tools for the user's tasks."""

from typing import Annotated, Any
from uuid import UUID

import msgspec
from msgspec import UNSET, UnsetType

from slipway.database.engine import WriteSession
from slipway.database.queries import tasks
from slipway_api.assistant.tools.kinds import Looks, Writes
from slipway_api.auth.gate import Caller
from slipway_api.deps import Deps
from slipway_api.operations import tasks as operations
from slipway_api.schemas.common import Body, cursor_of, page_of
from slipway_api.schemas.tasks import TaskCreate, TaskRead, TaskUpdate, read_task


class TaskAdd(Body, frozen=True, kw_only=True):
    """Add a task to the user's list."""

    title: str
    description: str | None = None


class TaskList(Body, frozen=True, kw_only=True):
    """List the user's tasks, newest first. Give `cursor` of the answer to get the next ones."""

    is_completed: bool | None = None
    text: str | None = None
    """Only those with this text in title or description, in any case."""
    limit: Annotated[int, msgspec.Meta(ge=1, le=50)] = 20
    cursor: str | None = None


class TaskChange(Body, frozen=True, kw_only=True):
    """Change a task's title or description."""

    task_id: UUID
    title: str | UnsetType = UNSET
    description: str | None | UnsetType = UNSET


class TaskComplete(Body, frozen=True, kw_only=True):
    """Complete a task, or open it again with is_completed=false."""

    task_id: UUID
    is_completed: bool = True


class TaskDelete(Body, frozen=True, kw_only=True):
    """Delete a task for good."""

    task_id: UUID


async def _list(deps: Deps, caller: Caller, asked: TaskList) -> dict[str, Any]:
    text = operations.check_search(asked.text)
    async with deps.database.reading(caller.scope) as session:
        rows = await tasks.page(
            session,
            user=caller.id,
            cursor=cursor_of(asked.cursor),
            limit=asked.limit,
            is_completed=asked.is_completed,
            text=text,
        )
    page = page_of(rows, asked.limit, read_task)
    return {"tasks": page.items, "next_cursor": page.next_cursor}


async def _add(session: WriteSession, caller: Caller, asked: TaskAdd) -> TaskRead:
    body = TaskCreate(title=asked.title, description=asked.description)
    return read_task(await operations.create(session, caller, body))


async def _change(session: WriteSession, caller: Caller, asked: TaskChange) -> TaskRead:
    task = await operations.locked(session, caller, asked.task_id)
    body = TaskUpdate(title=asked.title, description=asked.description)
    return read_task(await operations.change(session, task, body))


async def _complete(session: WriteSession, caller: Caller, asked: TaskComplete) -> TaskRead:
    task = await operations.locked(session, caller, asked.task_id)
    return read_task(await operations.change(session, task, TaskUpdate(is_completed=asked.is_completed)))


async def _delete(session: WriteSession, caller: Caller, asked: TaskDelete) -> TaskRead:
    task = await operations.locked(session, caller, asked.task_id)
    deleted = read_task(task)
    await tasks.delete(session, task)
    return deleted


TOOLS = (
    Looks(name="task_list", takes=TaskList, run=_list),
    Writes(name="task_add", takes=TaskAdd, run=_add),
    Writes(name="task_update", takes=TaskChange, run=_change),
    Writes(name="task_complete", takes=TaskComplete, run=_complete),
    Writes(name="task_delete", takes=TaskDelete, run=_delete),
)
