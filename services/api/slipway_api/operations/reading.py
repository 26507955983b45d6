"""When an admin looks at the inside of somebody else's deployment, it is written down before the answer."""

from slipway.database.models import Deployment
from slipway.database.queries import outbox
from slipway.domain.events import EventType
from slipway_api.accepting import actor
from slipway_api.auth.gate import Caller
from slipway_api.deps import Deps


async def audited(deps: Deps, caller: Caller, deployment: Deployment, what: str) -> None:
    """Record that `what` was read, unless it is the reader's own."""
    if deployment.user_id == caller.id:
        return
    async with deps.database.writing(caller.scope) as session:
        await outbox.record(
            session, EventType.OBJECT_READ, actor=actor(caller), data={"what": what}, deployment=deployment.id
        )
