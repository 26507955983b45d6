"""What operators do after PostgreSQL was restored to an earlier time, with the scheduler's own rights.

DATABASE_URL, NATS_URL and NATS_CA are read as the environment of a scheduler has them.
"""

import asyncio
import getpass
import os
import sys
from collections.abc import Awaitable, Callable
from uuid import UUID

import msgspec

from slipway.cli.output import printable, say
from slipway.database import restoring
from slipway.database.dsn import DsnError
from slipway.database.engine import Database
from slipway.database.queries import clusters
from slipway.database.queries import restoring as queries
from slipway.domain.events import SYSTEM, Actor, CloudEvent
from slipway.messaging import subjects
from slipway.messaging.broker import Broker, BrokerError, StreamMissing
from slipway.messaging.jetstream import JetStreamBroker
from slipway.messaging.messages import encode
from slipway.messaging.queries import NAMESPACES, ListedNamespaces, ListNamespaces

CONNECT_SEC = 10.0
ASK_SEC = 20.0

Work = Callable[[Database, Broker], Awaitable[bool]]
"""Returns False when it could not do all."""


def run(work: Work) -> None:
    """Do it with a connection to both stores, and exit."""
    missing = [name for name in ("DATABASE_URL", "NATS_URL") if not os.environ.get(name)]
    if missing:
        sys.exit(f"slipway: {' and '.join(missing)} must be set, to what a scheduler has")
    try:
        done = asyncio.run(_connected(work))
    except (BrokerError, TimeoutError) as error:
        sys.exit(f"slipway: NATS does not answer ({error or 'timeout'}): it is needed, though an empty one will do")
    except DsnError as error:
        sys.exit(f"slipway: {error}")
    except OSError as error:
        sys.exit(f"slipway: PostgreSQL does not answer ({type(error).__name__})")
    sys.exit(0 if done else 1)


async def restored(database: Database, broker: Broker) -> bool:
    """Begin an epoch above the database's and the stream's, reconcile everything, list what has no deployment."""
    actor = Actor(kind=SYSTEM, id=getpass.getuser(), via="slipway admin")
    done = await restoring.restored(database, beyond=await _stream_epoch(broker), actor=actor)
    print(
        f"epoch {done.epoch} (was {done.previous_epoch}); {done.deployments} deployments are compared with their clusters"
    )
    await broker.send(subjects.WAKE, b"")
    return await orphans(database, broker)


async def orphans(database: Database, broker: Broker) -> bool:
    """Print each namespace that was made for this installation and whose deployment there is not (any more)."""
    async with database.reading() as session:
        installation, names = await queries.installation(session), await clusters.names(session)
    answered = [await _orphans_of(database, broker, installation, cluster) for cluster in names]
    if any(answered):
        print("They were left alone: look at each, then delete it with kubectl, or adopt it as a new deployment.")
    return None not in answered


async def _orphans_of(database: Database, broker: Broker, installation: UUID, cluster: str) -> int | None:
    """Print a cluster's; return how many, None when nobody could tell."""
    question = encode(ListNamespaces(installation=installation))
    try:
        raw = await broker.request(subjects.query(cluster, NAMESPACES), question, timeout=ASK_SEC)
        found = msgspec.json.decode(raw, type=ListedNamespaces)
    except BrokerError:
        say(f"cluster {cluster}: no executor answers; ask again with `slipway admin orphans`")
        return None
    if found.failure:
        say(f"cluster {cluster}: {found.failure.reason}")
        return None
    ids = {each.name: _uuid(each.deployment) for each in found.namespaces}
    async with database.reading() as session:
        known = await queries.known(session, [each for each in ids.values() if each])
    without = [each for each in found.namespaces if ids[each.name] not in known]
    print(f"cluster {cluster}: {len(without)} of {len(found.namespaces)} namespaces have no deployment")
    for each in without:
        print(printable(f"  {each.name} (made for deployment {each.deployment or 'unknown'})"))
    return len(without)


async def _connected(work: Work) -> bool:
    database = Database.connect(os.environ["DATABASE_URL"], service="admin", pool_size=1)
    broker = JetStreamBroker(os.environ["NATS_URL"], name="slipway-admin", ca=os.environ.get("NATS_CA", ""))
    try:
        await asyncio.wait_for(broker.wait_connected(), CONNECT_SEC)
        return await work(database, broker)
    finally:
        await broker.close()
        await database.close()


async def _stream_epoch(broker: Broker) -> int:
    """Return the epoch of the stream's last event; 0 when there is none."""
    try:
        last = await broker.last_message(subjects.EVENTS_STREAM)
    except StreamMissing:
        return 0
    return msgspec.json.decode(last.data, type=CloudEvent).slipwayepoch if last.data else 0


def _uuid(text: str) -> UUID | None:
    try:
        return UUID(text)
    except ValueError:
        return None
