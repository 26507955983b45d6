"""Tasks: each is its owner's alone, admins included in "nobody else"."""

from typing import Any
from uuid import UUID

from msgspec import UNSET

from slipway.database.engine import ReadSession, WriteSession
from slipway.database.models import Task
from slipway.database.queries import tasks
from slipway.domain.values import Problem
from slipway_api.auth.gate import Caller
from slipway_api.problems import ApiError, invalid, not_found
from slipway_api.schemas.tasks import TaskCreate, TaskUpdate

LONGEST_TITLE = 255
LONGEST_DESCRIPTION = 10_000
LONGEST_SEARCH = 200


async def found(session: ReadSession, caller: Caller, task: UUID) -> Task:
    """Return the caller's task; 404 when it is not theirs."""
    row = await tasks.get(session, user=caller.id, task=task)
    if row is None:
        raise not_found("task")
    return row


async def locked(session: WriteSession, caller: Caller, task: UUID) -> Task:
    """Lock and return the caller's task; 404 when it is not theirs."""
    row = await tasks.lock(session, user=caller.id, task=task)
    if row is None:
        raise not_found("task")
    return row


async def create(session: WriteSession, caller: Caller, body: TaskCreate) -> Task:
    """Insert a task of the caller's."""
    _check(body)
    return await tasks.add(session, user=caller.id, title=body.title.strip(), description=body.description)


async def change(session: WriteSession, task: Task, body: TaskUpdate) -> Task:
    """Write what differs."""
    _check(body)
    wanted: dict[str, Any] = {}
    for field in ("title", "description", "is_completed"):
        value = getattr(body, field)
        value = value.strip() if field == "title" and isinstance(value, str) else value
        if value is not UNSET and value != getattr(task, field):
            wanted[field] = value
    if wanted:
        await tasks.change(session, task, **wanted)
    return task


def check_search(text: str | None) -> str | None:
    """Return the text to look for, without blanks around it; 422 when no task could hold it."""
    if text is not None and (len(text) > LONGEST_SEARCH or "\0" in text):
        raise invalid("/q", f"has at most {LONGEST_SEARCH} characters, none of them NUL")
    return text.strip() if text else None


def _check(body: TaskCreate | TaskUpdate) -> None:
    wrong: list[Problem] = []
    if isinstance(body.title, str) and not 0 < len(body.title.strip()) <= LONGEST_TITLE:
        wrong.append(
            Problem(pointer="/title", message=f"has 1 to {LONGEST_TITLE} characters, blanks around it not counted")
        )
    if isinstance(body.description, str) and len(body.description) > LONGEST_DESCRIPTION:
        wrong.append(Problem(pointer="/description", message=f"has at most {LONGEST_DESCRIPTION} characters"))
    if wrong:
        raise ApiError("invalid", errors=wrong)
