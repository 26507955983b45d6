"""HTTP, a module per noun: reads the request, opens the transaction, calls the use case, shapes the answer."""

from litestar import Router

from slipway_api.routes import (
    auth,
    charts,
    conversations,
    deployments,
    events,
    insight,
    jobs,
    messages,
    oidc,
    personal_tokens,
    platform,
    previews,
    products,
    rollouts,
    tasks,
    templates,
    users,
    verbs,
)

PREFIX = "/api/v1"


def api_router() -> Router:
    """Return every route under the versioned prefix."""
    modules = (
        auth, oidc, users, personal_tokens, products, charts, templates, rollouts, deployments, previews, verbs, insight, jobs,
        platform, events,
        tasks, conversations, messages,
    )  # fmt: skip
    handlers = [module.HANDLERS for module in modules]
    return Router(PREFIX, route_handlers=[handler for group in handlers for handler in group])
