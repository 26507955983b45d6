"""Tasks."""

from typing import Any
from uuid import UUID

from litestar import Request, Response, delete, get, patch, post
from litestar.di import NamedDependency
from litestar.params import FromPath, FromQuery, JSONBody

from slipway.database.models import Task
from slipway.database.queries import tasks
from slipway_api.accepting import Answer, Idempotent, accepting, require_match, respond
from slipway_api.auth.gate import caller_of
from slipway_api.deps import Deps
from slipway_api.operations import tasks as operations
from slipway_api.routes.etags import etag_of
from slipway_api.schemas.common import Page, cursor_of, limit_of, page_of
from slipway_api.schemas.tasks import TaskCreate, TaskRead, TaskUpdate, read_task

Req = Request[Any, Any, Any]


def _answer(task: Task, status: int = 200) -> Answer:
    location = f"/api/v1/tasks/{task.id}" if status == 201 else None
    return Answer(body=read_task(task), status=status, location=location, etag=etag_of(task.updated_at))


@get("/tasks", tags=["tasks"])
async def list_tasks(
    request: Req,
    deps: NamedDependency[Deps],
    cursor: FromQuery[str | None] = None,
    limit: FromQuery[int] = 50,
    is_completed: FromQuery[bool | None] = None,
    q: FromQuery[str | None] = None,
) -> Page[TaskRead]:
    """List your tasks, newest first. `q`: only those with this text in title or description, in any case."""
    caller = caller_of(request)
    async with deps.database.reading(caller.scope) as session:
        rows = await tasks.page(
            session,
            user=caller.id,
            cursor=cursor_of(cursor),
            limit=limit_of(limit),
            is_completed=is_completed,
            text=operations.check_search(q),
        )
    return page_of(rows, limit, read_task)


@post("/tasks", tags=["tasks"])
async def create_task(data: JSONBody[TaskCreate], request: Req, deps: NamedDependency[Deps]) -> Response[TaskRead]:
    """Add a task."""
    caller = caller_of(request)
    idempotent = Idempotent(request, caller, data)
    async with accepting(deps, caller, request) as session:
        if earlier := await idempotent.earlier(session):
            return earlier
        return await idempotent.keep(session, _answer(await operations.create(session, caller, data), 201))


@get("/tasks/{task_id:uuid}", tags=["tasks"])
async def get_task(task_id: FromPath[UUID], request: Req, deps: NamedDependency[Deps]) -> Response[TaskRead]:
    """Return one task."""
    caller = caller_of(request)
    async with deps.database.reading(caller.scope) as session:
        return respond(_answer(await operations.found(session, caller, task_id)))


@patch("/tasks/{task_id:uuid}", tags=["tasks"])
async def change_task(
    task_id: FromPath[UUID], data: JSONBody[TaskUpdate], request: Req, deps: NamedDependency[Deps]
) -> Response[TaskRead]:
    """Change a task, complete it, or open it again."""
    caller = caller_of(request)
    async with accepting(deps, caller, request) as session:
        task = await operations.locked(session, caller, task_id)
        require_match(request, etag_of(task.updated_at))
        return respond(_answer(await operations.change(session, task, data)))


@delete("/tasks/{task_id:uuid}", tags=["tasks"])
async def delete_task(task_id: FromPath[UUID], request: Req, deps: NamedDependency[Deps]) -> None:
    """Delete a task."""
    caller = caller_of(request)
    async with accepting(deps, caller, request) as session:
        task = await operations.locked(session, caller, task_id)
        require_match(request, etag_of(task.updated_at))
        await tasks.delete(session, task)


HANDLERS = [list_tasks, create_task, get_task, change_task, delete_task]
