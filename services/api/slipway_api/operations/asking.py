"""Live questions to a cluster's executors: with a deadline, few at once, each trouble an honest answer."""

from typing import TypeVar
from uuid import UUID

import msgspec

from slipway.messaging import subjects
from slipway.messaging.broker import BrokerError, NoResponders
from slipway.messaging.messages import encode
from slipway.messaging.queries import Answered
from slipway_api.deps import Deps
from slipway_api.problems import ApiError
from slipway_api.turns import RETRY_SEC

Answer = TypeVar("Answer", bound=Answered)


async def ask(
    deps: Deps,
    cluster: str,
    kind: str,
    question: msgspec.Struct,
    answer: type[Answer],
    *,
    who: UUID,
    timeout: float = 10.0,
) -> Answer:
    """Return an executor's answer, its `failure` included; 503 when nobody answers in time (seconds), 429 for too many."""
    if deps.broker is None:
        raise _nobody(cluster)
    with deps.turns.one(who):
        try:
            raw = await deps.broker.request(subjects.query(cluster, kind), encode(question), timeout=timeout)
        except NoResponders:
            raise _nobody(cluster) from None
        except BrokerError:
            raise ApiError("unavailable", "the executors did not answer in time", retry_after=RETRY_SEC) from None
    found = msgspec.json.decode(raw, type=answer)
    if found.failure and found.failure.code == "busy":
        raise ApiError("unavailable", found.failure.reason, retry_after=RETRY_SEC)
    return found


async def told(
    deps: Deps,
    cluster: str,
    kind: str,
    question: msgspec.Struct,
    answer: type[Answer],
    *,
    who: UUID,
    timeout: float = 10.0,
) -> Answer:
    """Return an answer without a failure: 404 for what is not there, 503 with the reason for all else."""
    found = await ask(deps, cluster, kind, question, answer, who=who, timeout=timeout)
    if found.failure is None:
        return found
    if found.failure.code == "not_found":
        raise ApiError("not_found", found.failure.reason)
    raise ApiError("unavailable", found.failure.reason, retry_after=RETRY_SEC)


def _nobody(cluster: str) -> ApiError:
    return ApiError("unavailable", f"no executor of cluster {cluster} answers", retry_after=RETRY_SEC)
