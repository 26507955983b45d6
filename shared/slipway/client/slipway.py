"""The nouns of the API over one connection."""

from typing import Self

from slipway.client.charts import Charts
from slipway.client.conversations import Conversations
from slipway.client.deployments import Deployments
from slipway.client.events import Events
from slipway.client.http import PAUSE_SEC, Renew, SlipwayClient
from slipway.client.insight import Insight
from slipway.client.jobs import Jobs
from slipway.client.platform import Platform
from slipway.client.products import Products
from slipway.client.registries import Registries
from slipway.client.rollouts import Rollouts
from slipway.client.tasks import Tasks
from slipway.client.templates import Templates
from slipway.client.tokens import Tokens
from slipway.client.users import Users

RETRIES = 4


class Slipway:
    """`async with Slipway(url, token=...) as slipway`; `http` is the same connection for calls that have no name here."""

    def __init__(
        self,
        url: str,
        *,
        token: str = "",
        timeout_sec: float = 30.0,
        retries: int = RETRIES,
        pause_sec: float = PAUSE_SEC,
        renew: Renew | None = None,
    ) -> None:
        self.http = SlipwayClient(
            url, token=token, timeout_sec=timeout_sec, retries=retries, pause_sec=pause_sec, renew=renew
        )
        self.charts = Charts(self.http)
        self.conversations = Conversations(self.http)
        self.deployments = Deployments(self.http)
        self.events = Events(self.http)
        self.insight = Insight(self.http)
        self.jobs = Jobs(self.http)
        self.platform = Platform(self.http)
        self.products = Products(self.http)
        self.registries = Registries(self.http)
        self.rollouts = Rollouts(self.http)
        self.tasks = Tasks(self.http)
        self.templates = Templates(self.http)
        self.tokens = Tokens(self.http)
        self.users = Users(self.http)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *error: object) -> None:
        await self.http.__aexit__(*error)
