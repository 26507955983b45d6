"""What each service's NATS user may publish and hear. All else is denied. Pure; development and the chart both use it.

Only the scheduler makes streams and consumers that keep messages. Who follows the event stream (API, auditors) makes an
ephemeral consumer of its own on that stream, and can make none on another. Replies go to inboxes that only their owner
can hear, and only an answer to a request that came may be published there.
"""

import sys
from collections.abc import Iterable

import msgspec

from slipway.messaging import subjects
from slipway.messaging.queries import OF_SCHEDULERS, QUERIES
from slipway.messaging.topology import PROJECTOR

API, SCHEDULER, AUDIT = "api", "scheduler", "audit"
CLUSTER_PLACE = "the-cluster"
"""Stands in the chart's file where a cluster's name belongs."""
_ACKS = ("$JS.ACK.{}.>", "$JS.ACK.*.*.{}.>")
"""Acknowledgements as servers before 2.15 name them, and since then with domain and account."""


class Permissions(msgspec.Struct, frozen=True, kw_only=True):
    """Subjects that one user may use."""

    publish: tuple[str, ...]
    subscribe: tuple[str, ...]
    answers: bool = False
    """It may publish one reply to each request that it was asked."""

    @property
    def rules(self) -> dict[str, object]:
        """The same in the words of the server's configuration (`permissions` of a user)."""
        answering = {"allow_responses": {"max": 1, "expires": "2m"}} if self.answers else {}
        return {"publish": {"allow": self.publish}, "subscribe": {"allow": self.subscribe}, **answering}


def executor_user(cluster: str) -> str:
    """Return the user that all executors of a cluster share."""
    return f"executor-{subjects.cluster_token(cluster)}"


def inbox(user: str) -> str:
    """Return the prefix of a user's own inboxes."""
    return f"_INBOX_{user}"


def chart_file() -> bytes:
    """Return what the platform's chart reads, in place of CLUSTER_PLACE with the name of each of its clusters."""
    users = {user: rights.rules for user, rights in permissions([CLUSTER_PLACE]).items()}
    return msgspec.json.format(msgspec.json.encode(users), indent=2) + b"\n"


def permissions(clusters: Iterable[str]) -> dict[str, Permissions]:
    """Return what every user may do; each cluster's executors have one of their own."""
    services = {API: _api(), SCHEDULER: _scheduler(), AUDIT: _audit()}
    return services | {executor_user(cluster): _executor(cluster) for cluster in clusters}


def _api() -> Permissions:
    asked = (subjects.queries_of(kind) for kind in QUERIES if kind not in OF_SCHEDULERS)
    return Permissions(
        publish=(subjects.WAKE, *asked, *_following(subjects.EVENTS_STREAM)),
        subscribe=(f"{inbox(API)}.>", subjects.FOLLOW_ALL, subjects.PROGRESS_ALL),
        answers=True,
    )


def _scheduler() -> Permissions:
    streams = (subjects.JOBS_STREAM, subjects.REPORTS_STREAM, subjects.EVENTS_STREAM)
    consumers = (f"{subjects.JOBS_STREAM}.*", f"{subjects.REPORTS_STREAM}.{PROJECTOR}")
    making = (
        *(f"$JS.API.STREAM.{what}.{stream}" for stream in streams for what in ("INFO", "CREATE")),
        *(f"$JS.API.CONSUMER.{what}.{each}" for each in consumers for what in ("INFO", "DURABLE.CREATE")),
    )
    asked = (subjects.queries_of(kind) for kind in OF_SCHEDULERS)
    reading = (f"$JS.API.STREAM.MSG.GET.{subjects.EVENTS_STREAM}", *_pulling(subjects.REPORTS_STREAM, PROJECTOR))
    return Permissions(
        publish=(
            subjects.JOBS_ALL, subjects.EVENTS_ALL, subjects.CONTROL_ALL, *asked, *making, *reading,
        ),
        subscribe=(f"{inbox(SCHEDULER)}.>", subjects.WAKE, subjects.RPC_ALL),
        answers=True,
    )  # fmt: skip


def _executor(cluster: str) -> Permissions:
    asked = (subjects.claim, subjects.beat, subjects.reserve, subjects.keep, subjects.kept)
    return Permissions(
        publish=(
            *(each(cluster) for each in asked),
            subjects.reports(cluster),
            subjects.progresses(cluster),
            subjects.follows(cluster),
            f"{subjects.follows(cluster)}.alive",
            *_pulling(subjects.JOBS_STREAM, subjects.jobs_consumer(cluster)),
        ),
        subscribe=(f"{inbox(executor_user(cluster))}.>", subjects.queries(cluster), subjects.control(cluster)),
        answers=True,
    )


def _audit() -> Permissions:
    return Permissions(publish=_following(subjects.EVENTS_STREAM), subscribe=(f"{inbox(AUDIT)}.>", subjects.EVENTS_ALL))


def _pulling(stream: str, consumer: str) -> tuple[str, ...]:
    acks = (each.format(f"{stream}.{consumer}") for each in _ACKS)
    return (f"$JS.API.CONSUMER.MSG.NEXT.{stream}.{consumer}", *acks)


def _following(stream: str) -> tuple[str, ...]:
    """Read a stream from any sequence, without a trace in it."""
    return (
        f"$JS.API.STREAM.INFO.{stream}",
        f"$JS.API.STREAM.MSG.GET.{stream}",
        f"$JS.API.CONSUMER.CREATE.{stream}",  # without a name in the subject: the server makes none that lasts
        f"$JS.FC.{stream}.>",
        f"$JS.FC.*.*.{stream}.>",
    )


if __name__ == "__main__":  # writes deploy/helm/slipway/files/nats-permissions.json again
    sys.stdout.buffer.write(chart_file())
