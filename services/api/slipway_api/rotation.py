"""A new key for a cluster's secrets: `python -m slipway_api.rotation CLUSTER`, with the API's own settings; about a minute.

All executors learn the next key before the first one uses it, and all use it before the stored secrets are sealed to it;
the key before stays known until the next rotation, for commands that are under way. It may be stopped, and run again.
"""

import asyncio
import os
import sys
from typing import TypeVar

import msgspec

from slipway.clock import Clock, SystemClock
from slipway.database.engine import Database, Scope
from slipway.database.queries import secrets
from slipway.messaging import subjects
from slipway.messaging.broker import Broker, BrokerError
from slipway.messaging.jetstream import JetStreamBroker
from slipway.messaging.messages import Sealed, encode
from slipway.messaging.queries import RESEAL, ROTATE, Answered, KeyRotated, Reseal, Resealed, RotateKey
from slipway.settings import SettingsError, load
from slipway_api.settings import ApiSettings

LEARN_SEC = 30.0
"""Three times what an executor takes to read the keys again, with the beat that tells the public one."""
AT_ONCE = 40
ASK_SEC = 20.0
ALL = Scope(is_admin=True)

Answer = TypeVar("Answer", bound=Answered)


class RotationFailed(Exception):
    """It did not come to its end. What is stored can be opened all the same; run it again."""


async def rotate(database: Database, broker: Broker, cluster: str, clock: Clock) -> int:
    """Rotate a cluster's key; return how many stored secrets were sealed anew."""
    for step in ("prepare", "promote"):
        await _ask(broker, cluster, ROTATE, RotateKey(step=step), KeyRotated)
        await clock.sleep(LEARN_SEC)
    async with database.reading(ALL) as session:
        stored = await secrets.of_cluster(session, cluster)
    changed = 0
    for start in range(0, len(stored), AT_ONCE):
        rows = stored[start : start + AT_ONCE]
        question = Reseal(sealed=tuple(Sealed(name=str(row.owner), ciphertext=row.ciphertext) for row in rows))
        answer = await _ask(broker, cluster, RESEAL, question, Resealed)
        async with database.writing(ALL) as session:
            for row, sealed in zip(rows, answer.sealed, strict=True):
                if sealed.ciphertext != row.ciphertext:
                    await secrets.swap(session, row, sealed.ciphertext)
                    changed += 1
    return changed


async def _ask(broker: Broker, cluster: str, kind: str, question: msgspec.Struct, answer: type[Answer]) -> Answer:
    try:
        raw = await broker.request(subjects.query(cluster, kind), encode(question), timeout=ASK_SEC)
    except (BrokerError, ValueError) as error:
        raise RotationFailed(f"no executor of cluster {cluster} answers ({error})") from error
    found = msgspec.json.decode(raw, type=answer)
    if found.failure:
        raise RotationFailed(found.failure.reason)
    return found


async def _run(settings: ApiSettings, cluster: str) -> int:
    database = Database.connect(settings.database_url, service="rotation", pool_size=1)
    broker = JetStreamBroker(settings.nats_url, name="slipway-rotation", ca=settings.nats_ca)
    try:
        await asyncio.wait_for(broker.wait_connected(), ASK_SEC)
        return await rotate(database, broker, cluster, SystemClock())
    except TimeoutError as error:
        raise RotationFailed("NATS does not answer") from error
    finally:
        await broker.close()
        await database.close()


def main() -> None:
    """Rotate the key of the cluster that was named."""
    if len(sys.argv) != 2:
        sys.exit("usage: python -m slipway_api.rotation CLUSTER")
    try:
        changed = asyncio.run(_run(load(ApiSettings, os.environ), sys.argv[1]))
    except (SettingsError, RotationFailed) as error:
        sys.exit(f"slipway-rotation: {error}")
    sys.stdout.write(
        f"the key of cluster {sys.argv[1]} was rotated; {changed} stored secrets were sealed to the new one\n"
    )


if __name__ == "__main__":
    main()
