"""Removes the Leases of deployments that have been gone for long: a scheduler says which."""

import contextlib
from uuid import UUID

from slipway.messaging.queries import ForgetLeases, ForgottenLeases
from slipway_executor.cluster.port import Cluster, LeaseConflict
from slipway_executor.fence import lease_name


class Leases:
    def __init__(self, cluster: Cluster) -> None:
        self._cluster = cluster

    async def __call__(self, asked: ForgetLeases) -> ForgottenLeases:
        """Return those that have none any more. One that somebody writes at this moment stays for the next time."""
        gone: list[UUID] = []
        for deployment in asked.deployments:
            with contextlib.suppress(LeaseConflict):
                if lease := await self._cluster.lease(lease_name(deployment)):
                    await self._cluster.remove_lease(lease)
                gone.append(deployment)
        return ForgottenLeases(deployments=tuple(gone))
