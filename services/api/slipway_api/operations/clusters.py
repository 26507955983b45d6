"""Registering clusters, and giving up lost ones."""

import re
from collections.abc import Sequence

from slipway.database.engine import ReadSession, WriteSession
from slipway.database.errors import Taken
from slipway.database.queries import clusters, outbox
from slipway.domain.events import EventType
from slipway.domain.values import Problem
from slipway_api.accepting import actor
from slipway_api.auth.gate import Caller
from slipway_api.problems import ApiError, invalid, not_found
from slipway_api.schemas.platform import ClusterCreate, ClusterForget, ClusterRead, ExecutorRead

DEFAULT = "local"
"""The embedded cluster, which every installation has until it is given up."""
_NAME = re.compile(r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\Z")


async def shown(session: ReadSession) -> list[ClusterRead]:
    """Return all live clusters with the executors that were seen in the last minute."""
    executors = await clusters.executors(session)
    found: list[ClusterRead] = []
    for cluster in await clusters.every(session):
        own = [each for each in executors if each.cluster == cluster.name]
        fresh = [each for each in own if each.fresh]
        seen = [
            ExecutorRead(
                instance=each.instance, version=each.version, majors=each.majors, slots=each.slots, free=each.free,
                seen_at=each.seen_at,
            )
            for each in own
        ]  # fmt: skip
        found.append(
            ClusterRead(
                id=cluster.name, name=cluster.name, display_name=cluster.display_name, created_at=cluster.created_at,
                healthy=bool(fresh), has_key=cluster.has_key, slots=sum(each.slots for each in fresh),
                free=sum(each.free for each in fresh), deployments=cluster.deployments, executors=seen,
            )
        )  # fmt: skip
    return found


async def meant(session: ReadSession, name: str | None, found: list[Problem]) -> str:
    """Return the cluster that a request means: the named one, else `local`, else the only one; else `found` says why not."""
    return chosen(await clusters.names(session), name, found)


def chosen(live: Sequence[str], name: str | None, found: list[Problem]) -> str:
    """Do the same, knowing the clusters that there are."""
    if name is None and DEFAULT not in live and len(live) == 1:
        return live[0]
    if name is None and DEFAULT not in live and live:
        found.append(Problem(pointer="/cluster", message=f"is required: one of {', '.join(live)}"))
    elif (name or DEFAULT) not in live:
        found.append(Problem(pointer="/cluster", message="there is no such cluster"))
    return name or DEFAULT


async def create(session: WriteSession, caller: Caller, body: ClusterCreate) -> ClusterRead:
    """Register a cluster; its executors are started with its name."""
    if not _NAME.match(body.name):
        raise invalid("/name", "is a DNS label: lower-case letters, digits and hyphens, at most 63")
    try:
        await clusters.add(session, name=body.name, display_name=body.display_name)
    except Taken:
        raise ApiError("name_taken", "there is, or was, a cluster of this name") from None
    await _tell(session, caller, EventType.CLUSTER_CREATED, body.name, None)
    return await one(session, body.name)


async def one(session: ReadSession, name: str) -> ClusterRead:
    """Return one cluster; 404 when there is none."""
    found = next((each for each in await shown(session) if each.name == name), None)
    if found is None:
        raise not_found("cluster")
    return found


async def forget(session: WriteSession, caller: Caller, name: str, body: ClusterForget) -> None:
    """Give up a lost cluster: its deployments count as deleted, whatever may still run there."""
    if not await clusters.lock(session, name):
        raise not_found("cluster")
    if (await one(session, name)).executors and not body.force:
        raise ApiError("in_use", "executors of this cluster were seen just now: stop them, or say force")
    gone = await clusters.forget(session, name)
    for deployment in gone:
        data = {"what": f"given up with cluster {name}: nothing was removed there"}
        await outbox.record(
            session, EventType.DEPLOYMENT_GIVEN_UP, actor=actor(caller), data=data, deployment=deployment
        )
    await _tell(session, caller, EventType.CLUSTER_FORGOTTEN, name, len(gone))


async def _tell(session: WriteSession, caller: Caller, event: EventType, name: str, deployments: int | None) -> None:
    data = {"cluster": name, "deployments": deployments}
    await outbox.record(session, event, actor=actor(caller), data=data, subject=f"clusters/{name}")
