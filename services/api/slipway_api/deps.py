"""What the API's routes work with, put together once by `app`."""

from collections.abc import Awaitable, Callable

import msgspec

from slipway.database.engine import Database
from slipway.domain.charts import Registries
from slipway.domain.usage import Quota
from slipway.messaging.broker import Broker
from slipway_api.auth.limits import Limiter
from slipway_api.auth.tokens import Tokens
from slipway_api.live import LiveFeed
from slipway_api.turns import Turns


class Deps(msgspec.Struct, frozen=True, kw_only=True):
    database: Database
    broker: Broker | None
    tokens: Tokens
    registries: Registries
    live: LiveFeed
    write_limit: Limiter
    login_limit: Limiter
    """Of one account."""
    address_limit: Limiter
    """Of sign-ins from one address, which may be a proxy with many users behind it."""
    reserved_domains: tuple[str, ...] = ()
    quota: Quota = Quota()
    """What a user may have unless an admin says otherwise."""
    public_scheme: str = "http"
    turns: Turns
    """Live questions to executors."""
    wake: Callable[[], Awaitable[None]]
    """Tells schedulers that work was committed; lossy, and never fails."""
