"""Answers executors that are about to write: may the owner have so much?"""

import msgspec

from slipway.database.engine import Database
from slipway.database.queries import reservations
from slipway.domain.usage import Quota
from slipway.messaging.messages import Reserve, Reserved, encode


class Reservations:
    """Responder of the schedulers' queue group. An error answers nothing: the executor's job is tried again."""

    def __init__(self, database: Database, *, default: Quota) -> None:
        """`default` is what a user may have unless an admin says otherwise."""
        self._database = database
        self._default = default

    async def reserve(self, subject: str, request: bytes) -> bytes | None:
        """Count the usage as the deployment's, or say in words what would be beyond the quota."""
        wish = msgspec.json.decode(request, type=Reserve)
        if subject.split(".")[3] != wish.cluster:
            return encode(Reserved(held=False))
        async with self._database.hot() as hot:
            claimed = await reservations.lock(
                hot, job=wish.job, fence=wish.fence, instance=wish.instance, cluster=wish.cluster
            )
            if claimed is None:
                return encode(Reserved(held=False))
            others = await reservations.used_by_others(hot, claimed)
            beyond = wish.usage.beyond(others.left_of(claimed.of(self._default.usage)))
            if not beyond:
                await reservations.count(hot, claimed.deployment, wish.usage)
        return encode(Reserved(held=True, beyond=tuple(beyond)))
