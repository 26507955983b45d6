"""A user's tasks."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import Select, or_, select

from slipway.database.engine import ReadSession, WriteSession
from slipway.database.models import Task
from slipway.database.queries import pages
from slipway.database.queries.pages import Cursor
from slipway.identity import new_id


async def get(session: ReadSession, *, user: UUID, task: UUID) -> Task | None:
    return (await session.execute(select(Task).where(Task.id == task, Task.user_id == user))).scalar_one_or_none()


async def lock(session: WriteSession, *, user: UUID, task: UUID) -> Task | None:
    """Lock and return the user's task."""
    statement = select(Task).where(Task.id == task, Task.user_id == user).with_for_update()
    return (await session.execute(statement)).scalar_one_or_none()


def wanted(*, user: UUID, is_completed: bool | None, text: str | None) -> Select[Any]:
    """Return the statement for a user's tasks; `text` is looked for in title and description, whatever its case."""
    statement = select(Task).where(Task.user_id == user)
    if is_completed is not None:
        statement = statement.where(Task.is_completed == is_completed)
    if text:
        statement = statement.where(
            or_(Task.title.icontains(text, autoescape=True), Task.description.icontains(text, autoescape=True))
        )
    return statement


async def page(
    session: ReadSession, *, user: UUID, cursor: Cursor | None, limit: int, is_completed: bool | None, text: str | None
) -> Sequence[Task]:
    statement = wanted(user=user, is_completed=is_completed, text=text)
    return (await session.execute(pages.page(statement, Task, cursor, limit))).scalars().all()


async def add(session: WriteSession, *, user: UUID, title: str, description: str | None) -> Task:
    """Insert a task; its times are the database's."""
    task = Task(id=new_id(), user_id=user, title=title, description=description)
    session.add(task)
    await session.flush()
    return task


async def change(session: WriteSession, task: Task, **fields: Any) -> None:
    for name, value in fields.items():
        setattr(task, name, value)
    await session.flush()
    await session.refresh(task)


async def delete(session: WriteSession, task: Task) -> None:
    await session.delete(task)
    await session.flush()
