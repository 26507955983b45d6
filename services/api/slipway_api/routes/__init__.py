"""HTTP, a module per noun: reads the request, opens the transaction, calls the use case, shapes the answer."""

from litestar import Router

from slipway_api.routes import (
    auth,
    deployments,
    events,
    insight,
    jobs,
    previews,
    products,
    templates,
    users,
    verbs,
)

PREFIX = "/api/v1"


def api_router() -> Router:
    """Return every route under the versioned prefix."""
    modules = (auth, users, products, templates, deployments, previews, verbs, insight, jobs, events)
    handlers = [module.HANDLERS for module in modules]
    return Router(PREFIX, route_handlers=[handler for group in handlers for handler in group])
