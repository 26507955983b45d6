"""What admins look after: clusters, the audit trail, drift."""

from datetime import datetime
from typing import Any
from urllib.parse import quote
from uuid import UUID

import msgspec

from slipway.client.http import SlipwayClient
from slipway.client.paging import everything


class Executor(msgspec.Struct, frozen=True, kw_only=True):
    instance: str
    version: str
    slots: int
    free: int
    seen_at: datetime


class Cluster(msgspec.Struct, frozen=True, kw_only=True):
    id: str
    name: str
    display_name: str | None = None
    healthy: bool
    """An executor was seen in the last 15 seconds."""
    has_key: bool
    """Secrets can be sealed to it."""
    slots: int
    free: int
    deployments: int
    executors: list[Executor] = []


class AuditEntry(msgspec.Struct, frozen=True, kw_only=True):
    """One accepted or refused action."""

    id: UUID
    time: datetime
    action: str
    actor: dict[str, Any] = {}
    object: str | None = None
    result: str
    fields: list[str] = []
    changes: list[Any] = []
    detail: dict[str, Any] = {}


class Platform:
    def __init__(self, http: SlipwayClient) -> None:
        self._http = http

    async def clusters(self) -> list[Cluster]:
        return await everything(self._http, "/clusters", Cluster)

    async def register_cluster(self, name: str, display_name: str | None = None) -> Cluster:
        """Make a cluster known, so that its executors are heard."""
        body = {"name": name, "display_name": display_name}
        return msgspec.convert(await self._http.post("/clusters", body), Cluster)

    async def forget_cluster(self, cluster: str, *, force: bool = False) -> None:
        """Give up a cluster that is gone, with its deployments. `force`: although executors of it were seen just now."""
        cluster = quote(cluster, safe="")
        await self._http.post(f"/clusters/{cluster}/forget", {"force": force})

    async def audit(self, *, most: int | None = None, **filters: Any) -> list[AuditEntry]:
        """Return what people asked for, newest first; filters: actor, deployment_id, action, result, since, until."""
        return await everything(self._http, "/audit", AuditEntry, most=most, **filters)

    async def scan_drift(self) -> int:
        """Have every ready deployment compared with its release; return how many will be."""
        return (await self._http.post("/admin/drift-scan"))["deployments"]
