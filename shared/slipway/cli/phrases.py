"""Events as sentences for their user."""

from slipway.domain.events import CloudEvent, EventType

_PHRASES: dict[str, str] = {
    EventType.DEPLOYMENT_CREATED: "asked for",
    EventType.DEPLOYMENT_CHANGED: "a change was asked for",
    EventType.DEPLOYMENT_DELETE_REQUESTED: "its removal was asked for",
    EventType.DEPLOYMENT_RECONCILE_REQUESTED: "another look was asked for",
    EventType.DEPLOYMENT_STARTED: "an executor took the job",
    EventType.DEPLOYMENT_PROGRESSED: "the release is applied; waiting for its objects",
    EventType.DEPLOYMENT_READY: "ready",
    EventType.DEPLOYMENT_FAILED: "failed",
    EventType.DEPLOYMENT_DELETED: "gone: release and namespace are removed",
    EventType.DEPLOYMENT_CANCEL_REQUESTED: "the running work was asked to stop",
    EventType.DEPLOYMENT_SUSPENDED: "suspended",
    EventType.DEPLOYMENT_RESUMED: "resumed",
    EventType.DEPLOYMENT_RESTART_REQUESTED: "a restart of its pods was asked for",
    EventType.DEPLOYMENT_TEST_REQUESTED: "the chart's tests were asked for",
    EventType.DEPLOYMENT_TESTED: "the chart's tests ran",
    EventType.DEPLOYMENT_DRIFTED: "live objects differ from the release",
    EventType.DEPLOYMENT_EXPIRES_SOON: "expires soon",
    EventType.DEPLOYMENT_SECRET_CHANGED: "a secret was changed",
    EventType.DEPLOYMENT_GIVEN_UP: "its cluster was forgotten: it counts as deleted",
}


def phrase(event: CloudEvent) -> str:
    """Return what happened, with the reason or the fields that belong to it."""
    said = _PHRASES.get(event.type) or short(event.type)
    data = event.data
    match event.type:
        case EventType.DEPLOYMENT_FAILED:
            after = "; it will be tried again" if data.get("will_retry") else ""
            back = f"; back at revision {data['rolled_back_to']}" if data.get("rolled_back_to") else ""
            return f"failed: {data.get('reason', '')}{back}{after}"
        case EventType.DEPLOYMENT_CHANGED:
            return f"{said}: {', '.join(data['fields'])}" if data.get("fields") else said
        case EventType.DEPLOYMENT_STARTED:
            return f"{said} ({data.get('reason', '')})"
        case EventType.DEPLOYMENT_TESTED:
            return f"{said}: {'passed' if data.get('succeeded') else data.get('reason') or 'failed'}"
        case EventType.DEPLOYMENT_DRIFTED:
            objects = ", ".join(f"{each['kind']}/{each['name']}" for each in data.get("objects", []))
            return f"{said}: {objects or data.get('release') or ''}"
        case EventType.REFUSED:
            return f"refused: {data.get('method', '')} {data.get('path', '')} ({data.get('code', '')})"
        case _:
            return said


def short(kind: str) -> str:
    """Return `product created` of `dev.slipway.product.created.v1`."""
    parts = kind.split(".")
    return " ".join(parts[2:-1]).replace("_", " ") if len(parts) > 3 else kind
