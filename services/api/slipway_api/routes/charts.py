"""Charts before they are published. For admins."""

from dataclasses import dataclass
from typing import Any

from litestar import Request, Response, post
from litestar.di import NamedDependency
from litestar.openapi.spec import OpenAPIMediaType, Operation, RequestBody, Schema
from litestar.openapi.spec.enums import OpenAPIType
from litestar.params import JSONBody

from slipway.messaging.messages import Chart
from slipway_api.accepting import Answer, accepting, respond
from slipway_api.auth.gate import admin_of, caller_of
from slipway_api.deps import Deps
from slipway_api.operations import charts
from slipway_api.schemas.charts import ChartInspect, ChartRead

Req = Request[Any, Any, Any]


@dataclass
class _Archive(Operation):
    """Says in the document that the body is the archive as it is: Litestar knows no such parameter."""

    def __post_init__(self) -> None:
        content = OpenAPIMediaType(schema=Schema(type=OpenAPIType.STRING, content_media_type="application/gzip"))
        self.request_body = RequestBody(content={"application/gzip": content}, required=True)


@post("/charts", tags=["charts"], request_max_body_size=charts.ARCHIVE_LIMIT, operation_class=_Archive)
async def upload_chart(request: Req, deps: NamedDependency[Deps]) -> Response[ChartRead]:
    """Upload a chart's archive, as `helm package` makes it; publish it by the digest in the answer. Admins only.

    One that no version names goes after a day.
    """
    caller = caller_of(request)
    async with accepting(deps, caller, request):
        admin_of(request)
    content = await request.body()
    digest = charts.check_archive(content)
    async with accepting(deps, caller, request) as session:
        await charts.keep(session, caller, digest, content)
    found = await charts.opened(deps, caller, Chart(digest=digest), pointer="")
    return respond(Answer(body=found, status=201))


@post("/charts/inspect", tags=["charts"], status_code=200)
async def inspect_chart(data: JSONBody[ChartInspect], request: Req, deps: NamedDependency[Deps]) -> Response[ChartRead]:
    """Read a chart in a registry: its values, its schema and its digest, before it is published. Admins only."""
    caller = caller_of(request)
    async with accepting(deps, caller, request):
        admin_of(request)
    return respond(Answer(body=await charts.of_registry(deps, caller, data), status=200))


HANDLERS = [upload_chart, inspect_chart]
