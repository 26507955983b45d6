"""What the API's routes work with, put together once by `app`."""

from collections.abc import Awaitable, Callable, Mapping

import msgspec

from slipway.clock import Clock
from slipway.database.engine import Database
from slipway.domain.charts import Registries
from slipway.domain.domains import DomainRules
from slipway.domain.usage import Quota
from slipway.health import Health
from slipway.messaging.broker import Broker
from slipway_api.assistant.assistant import Assistant
from slipway_api.assistant.mcp_door import McpDoor
from slipway_api.auth.limits import Limiter
from slipway_api.auth.oidc import Client
from slipway_api.auth.tokens import Tokens
from slipway_api.console_files import ConsoleFile
from slipway_api.live import LiveFeed
from slipway_api.turns import Turns


class Deps(msgspec.Struct, frozen=True, kw_only=True):
    database: Database
    clock: Clock
    broker: Broker | None
    health: Health
    tokens: Tokens
    registries: Registries
    live: LiveFeed
    write_limit: Limiter
    login_limit: Limiter
    """Of one account."""
    address_limit: Limiter
    """Of sign-ins from one address, which may be a proxy with many users behind it."""
    oidc: Client | None = None
    """How this platform is known to an OpenID Connect issuer, when it trusts one."""
    sign_in_days: int = 30
    """After which somebody who stayed signed in signs in again."""
    frontend_url: str = ""
    """Where people reach the console; empty means at this API's own address."""
    domains: DomainRules = DomainRules()
    quota: Quota = Quota()
    """What a user may have unless an admin says otherwise."""
    public_scheme: str = "http"
    turns: Turns
    """Live questions to executors."""
    streams: Turns
    """Live feeds and followed logs."""
    assistant: Assistant
    mcp: McpDoor
    wake: Callable[[], Awaitable[None]]
    """Tells schedulers that work was committed; lossy, and never fails."""
    console: Mapping[str, ConsoleFile] = {}
    """The web console's files by their address."""
