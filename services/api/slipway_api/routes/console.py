"""The web console: static files at the root, with a strict policy of what the page may do."""

from typing import Any

from litestar import HttpMethod, Request, Response, route
from litestar.di import NamedDependency
from litestar.params import FromPath

from slipway_api.console_files import INDEX, ConsoleFile
from slipway_api.deps import Deps
from slipway_api.problems import ApiError, not_found

Req = Request[Any, Any, Any]
ALLOWED = {
    "default-src": "'none'",
    "script-src": "'self'",
    "style-src": "'self' 'unsafe-inline'",  # the component library sets its variables in a style element
    "img-src": "'self' https: data:",  # products name their icons
    "font-src": "'self'",
    "connect-src": "'self'",
    "manifest-src": "'self'",
    "form-action": "'self'",
    "base-uri": "'none'",
    "frame-ancestors": "'none'",
}
HEADERS = {
    "Content-Security-Policy": "; ".join(f"{what} {whence}" for what, whence in ALLOWED.items()),
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
}
VARY = "Accept, Accept-Encoding"
FOR_EVER = "public, max-age=31536000, immutable"


@route(
    ["/", "/{path:path}"],
    http_method=[HttpMethod.GET, HttpMethod.HEAD],
    opt={"public": True},
    include_in_schema=False,
    media_type="application/octet-stream",
)
async def serve_console(request: Req, deps: NamedDependency[Deps], path: FromPath[str] = "/") -> Response[bytes]:
    """Return a file of the console; its pages have addresses of their own, which all are the one document."""
    name = path.strip("/")
    found = deps.console.get(name or INDEX)
    if found is None and "text/html" in request.headers.get("Accept", ""):
        found = deps.console.get(INDEX)
        if found is None:
            raise ApiError("not_found", "the web console is not built: `make console` does it; the API is at /api/v1")
    if found is None:
        raise not_found("page")
    return _answer(request, found)


def _answer(request: Req, found: ConsoleFile) -> Response[bytes]:
    headers = {**HEADERS, "Vary": VARY, "ETag": found.etag, "Cache-Control": FOR_EVER if found.hashed else "no-cache"}
    if found.etag in request.headers.get("If-None-Match", ""):
        return Response(b"", status_code=304, headers=headers, media_type=found.media_type)
    content = found.content
    if found.zipped is not None and "gzip" in request.headers.get("Accept-Encoding", ""):
        content = found.zipped
        headers["Content-Encoding"] = "gzip"
    return Response(content, headers=headers, media_type=found.media_type)


HANDLERS = [serve_console]
