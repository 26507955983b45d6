"""Errors as problem details (RFC 9457): one table from codes to HTTP statuses, one place where all errors become answers."""

import traceback
from collections.abc import Sequence
from types import NoneType
from typing import Any, get_args

import msgspec
import structlog
from litestar import Request, Response
from litestar.exceptions import HTTPException, ValidationException
from litestar.types import ExceptionHandlersMap
from litestar.utils.scope.state import ScopeState

from slipway.database.errors import UNAVAILABLE, passes
from slipway.domain.values import Problem as FieldProblem
from slipway.domain.values import pointer, unstorable

log = structlog.get_logger()

MEDIA_TYPE = "application/problem+json"

STATUS = {
    "malformed": 400,
    "unauthenticated": 401,
    "forbidden": 403,
    "not_found": 404,
    "method_not_allowed": 405,
    "conflict": 409,
    "email_taken": 409,
    "name_taken": 409,
    "domain_taken": 409,
    "deleting": 409,
    "in_use": 409,
    "job_waiting": 409,
    "answering": 409,
    "proposal_closed": 409,
    "idempotency_mismatch": 409,
    "stale": 412,
    "too_large": 413,
    "unsupported_media_type": 415,
    "invalid": 422,
    "quota_exceeded": 422,
    "too_many": 429,
    "internal": 500,
    "unavailable": 503,
}
AUDITED = frozenset(code for code, status in STATUS.items() if status in (403, 409, 412)) | {"quota_exceeded"}
"""Refusals of known users that the audit trail records."""

TITLES = {
    400: "The request cannot be read", 401: "Sign in first", 403: "Not allowed", 404: "Not found",
    405: "Method not allowed", 409: "Conflict", 412: "It was changed in between", 413: "Too large",
    415: "Unsupported media type", 422: "Some values are not valid", 429: "Too many requests",
    500: "Something went wrong here", 503: "A needed service is down",
}  # fmt: skip


UNSTORABLE = "has a NUL character, which no text may have"


class Problem(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """The body of every error."""

    title: str
    status: int
    code: str
    detail: str = ""
    errors: list[FieldProblem] = []
    """For 422: a JSON pointer into the body and a sentence for each field."""
    type: str = "about:blank"


class ApiError(Exception):
    """A request that is refused. `code` is stable and stands in STATUS; `detail` says what to do about it."""

    def __init__(
        self, code: str, detail: str = "", *, errors: Sequence[FieldProblem] = (), retry_after: int | None = None
    ) -> None:
        super().__init__(detail or code)
        self.code = code
        self.detail = detail
        self.errors = list(errors)
        self.retry_after = retry_after


def invalid(pointer: str, message: str) -> ApiError:
    """Return a refusal of one field."""
    return ApiError("invalid", errors=[FieldProblem(pointer=pointer, message=message)])


def not_found(what: str) -> ApiError:
    return ApiError("not_found", f"there is no such {what}, or it is not yours")


def answer(error: ApiError) -> Response[Problem]:
    """Return the problem document of a refusal."""
    body = problem_of(error)
    status = body.status
    headers: dict[str, str] = {}
    if error.retry_after is not None:
        headers["Retry-After"] = str(error.retry_after)
    if status == 401:
        headers["WWW-Authenticate"] = 'Bearer realm="slipway"'
    return Response(body, status_code=status, media_type=MEDIA_TYPE, headers=headers)


def problem_of(error: ApiError) -> Problem:
    """Return the body that tells a refusal."""
    status = STATUS[error.code]
    return Problem(title=TITLES[status], status=status, code=error.code, detail=error.detail, errors=error.errors)


def _api_error(_: Request[Any, Any, Any], error: ApiError) -> Response[Problem]:
    return answer(error)


def _validation(request: Request[Any, Any, Any], error: ValidationException) -> Response[Problem]:
    return answer(ApiError("invalid", errors=_field_problems(request, error)))


def _field_problems(request: Request[Any, Any, Any], error: ValidationException) -> list[FieldProblem]:
    """Return every wrong field: Litestar stops at the first of a body, so the body is converted field by field."""
    field = getattr(request.route_handler, "parsed_data_field", None)
    extra: Any = error.extra or []
    outside = [item for item in extra if isinstance(item, dict) and item.get("source") not in (None, "body")]
    if outside:
        return [FieldProblem(pointer=f"/{item.get('key', '')}", message=_message(item)) for item in outside]
    annotation = getattr(field, "annotation", None)
    kind = next((each for each in get_args(annotation) if each is not NoneType), annotation)  # of `Empty | None`
    body = _body_of(request)
    if kind is not None and isinstance(body, dict):
        return body_problems(body, kind)
    return [_path_problem(_message(item)) for item in extra if isinstance(item, dict)] or [_path_problem(error.detail)]


def _body_of(request: Request[Any, Any, Any]) -> Any:
    body = ScopeState.from_scope(request.scope).body
    return msgspec.json.decode(body) if isinstance(body, bytes) and body else None


def body_problems(body: dict[str, Any], kind: Any) -> list[FieldProblem]:
    """Return what is wrong with each field of a body, unknown ones included."""
    fields = {field.encode_name: field for field in msgspec.structs.fields(kind)}
    problems = [
        FieldProblem(pointer=pointer([name]), message="is not a known field") for name in body if name not in fields
    ]
    for name, field in fields.items():
        if name not in body:
            if field.required:
                problems.append(FieldProblem(pointer=pointer([name]), message="is required"))
            continue
        problems += [
            FieldProblem(pointer=pointer([name]) + place, message=UNSTORABLE) for place in unstorable(body[name])
        ]
        try:
            msgspec.convert(body[name], field.type)
        except msgspec.ValidationError as mistake:
            inner = _path_problem(str(mistake))
            problems.append(FieldProblem(pointer=pointer([name]) + inner.pointer, message=inner.message))
    return problems


def _message(item: dict[str, Any]) -> str:
    return str(item.get("message", "is not valid"))


def _path_problem(message: str) -> FieldProblem:
    """Turn msgspec's "... - at `$.a.b[0]`" into a pointer and a sentence."""
    text, _, path = message.partition(" - at `$")
    parts = path.rstrip("`").replace("[", ".").replace("]", "").strip(".").split(".")
    return FieldProblem(pointer=pointer([part for part in parts if part]), message=text[:1].lower() + text[1:])


_CODES = {400: "malformed", 401: "unauthenticated", 403: "forbidden", 404: "not_found", 405: "method_not_allowed",
          413: "too_large", 415: "unsupported_media_type", 429: "too_many"}  # fmt: skip


def _http(request: Request[Any, Any, Any], error: HTTPException) -> Response[Problem]:
    if error.status_code in _CODES:
        detail = "" if error.status_code == 400 else error.detail
        if error.status_code == 400:
            detail = "the body is not valid JSON"
        found = answer(ApiError(_CODES[error.status_code], detail))
        for name, value in (error.headers or {}).items():
            found.headers[name] = value
        return found
    return _foreign(request, error)


def _too_deep(_: Request[Any, Any, Any], error: RecursionError) -> Response[Problem]:  # noqa: ARG001
    return answer(ApiError("malformed", "the body is nested too deeply"))


def _foreign(request: Request[Any, Any, Any], error: Exception) -> Response[Problem]:
    return answer(translated(error, path=request.scope["path"], method=request.scope["method"]))


def translated(error: BaseException, *, path: str, method: str) -> ApiError:
    """Return the refusal that tells of any error, which is logged when it is none of ours."""
    if isinstance(error, ApiError):
        return error
    if isinstance(error, UNAVAILABLE) and passes(error):
        log.warning("database_unavailable", path=path, error=type(error).__name__)
        return ApiError("unavailable", "the database does not answer; try again", retry_after=2)
    log.error(
        "request_failed",
        path=path,
        method=method,
        error=type(error).__name__,
        traceback="".join(traceback.format_tb(error.__traceback__)),  # places only: a message may repeat a value
    )
    return ApiError("internal", "the error was logged; trying again may help")


HANDLERS: ExceptionHandlersMap = {
    ApiError: _api_error,
    ValidationException: _validation,
    HTTPException: _http,
    RecursionError: _too_deep,
    Exception: _foreign,
    **dict.fromkeys(UNAVAILABLE, _foreign),
}
