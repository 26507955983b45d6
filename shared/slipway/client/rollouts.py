"""Rollouts: the deployments of a product upgraded in waves. For admins."""

from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec

from slipway.client.http import SlipwayClient
from slipway.client.paging import everything
from slipway.domain.rollouts import Progress


class RolloutItem(msgspec.Struct, frozen=True, kw_only=True):
    deployment_id: UUID
    status: str
    error: str | None = None


class Rollout(msgspec.Struct, frozen=True, kw_only=True):
    id: UUID
    product_id: UUID
    template_id: UUID
    batch_size: int
    max_failures: int
    status: str
    created_at: datetime
    finished_at: datetime | None = None
    progress: Progress
    items: list[RolloutItem] | None = None
    """Only where one rollout is read."""


class Rollouts:
    def __init__(self, http: SlipwayClient) -> None:
        self._http = http

    async def of_product(self, product: UUID) -> list[Rollout]:
        """Return a product's rollouts, newest first."""
        return await everything(self._http, f"/products/{product}/rollouts", Rollout)

    async def get(self, rollout: UUID) -> Rollout:
        return msgspec.convert(await self._http.get(f"/rollouts/{rollout}"), Rollout)

    async def begin(self, product: UUID, **fields: Any) -> Rollout:
        """Begin to upgrade all deployments of a product; the fields are those of RolloutCreate."""
        return msgspec.convert(await self._http.create(f"/products/{product}/rollouts", fields), Rollout)

    async def stop(self, rollout: UUID) -> Rollout:
        """Begin no further wave."""
        return msgspec.convert(await self._http.post(f"/rollouts/{rollout}/stop"), Rollout)
