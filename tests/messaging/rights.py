"""Who may publish and hear what on NATS, in one table. Whatever is tried and stands with no user there is refused to all."""

from slipway.identity import new_id
from slipway.messaging import subjects
from slipway.messaging.permissions import API, AUDIT, SCHEDULER, executor_user, inbox
from slipway.messaging.queries import OF_SCHEDULERS, QUERIES
from slipway.messaging.topology import PROJECTOR

JOBS, REPORTS, EVENTS = subjects.JOBS_STREAM, subjects.REPORTS_STREAM, subjects.EVENTS_STREAM
CLUSTERS = ("north", "south")
EXECUTORS = {executor_user(cluster): cluster for cluster in CLUSTERS}
NORTH, SOUTH = EXECUTORS
EVERYBODY = (API, SCHEDULER, AUDIT, *EXECUTORS)
DEPLOYMENT = new_id()
CONSUMERS = {JOBS: (*map(subjects.jobs_consumer, CLUSTERS), "mine"), REPORTS: (PROJECTOR, "mine"), EVENTS: ("mine",)}

# The JetStream API, as nats-server 2.15 has it.
SERVER_VERBS = (
    "INFO", "STREAM.NAMES", "STREAM.LIST", "META.LEADER.STEPDOWN", "META.RESCUE", "SERVER.REMOVE", "SERVER.EVACUATE",
    "ACCOUNT.PURGE.$G",
)  # fmt: skip
STREAM_VERBS = (
    "STREAM.CREATE", "STREAM.UPDATE", "STREAM.INFO", "STREAM.DELETE", "STREAM.PURGE", "STREAM.SNAPSHOT", "STREAM.RESTORE",
    "STREAM.MSG.GET", "STREAM.MSG.DELETE", "STREAM.LEADER.STEPDOWN", "STREAM.PEER.REMOVE", "STREAM.PEER.EVACUATE",
    "STREAM.CANCEL_MOVE", "ACCOUNT.STREAM.MOVE.$G", "ACCOUNT.STREAM.CANCEL_MOVE.$G", "DIRECT.GET", "CONSUMER.CREATE",
    "CONSUMER.NAMES", "CONSUMER.LIST",
)  # fmt: skip
CONSUMER_VERBS = (
    "CONSUMER.CREATE", "CONSUMER.DURABLE.CREATE", "CONSUMER.INFO", "CONSUMER.DELETE", "CONSUMER.PAUSE", "CONSUMER.RESET",
    "CONSUMER.UNPIN", "CONSUMER.LEADER.STEPDOWN", "CONSUMER.PEER.REMOVE", "CONSUMER.PEER.EVACUATE", "CONSUMER.MSG.NEXT",
)  # fmt: skip
ASKED = (subjects.claim, subjects.beat, subjects.reserve, subjects.keep, subjects.kept)
STREAM_SUBJECTS = {JOBS: subjects.JOBS_ALL, REPORTS: subjects.REPORTS_ALL, EVENTS: subjects.EVENTS_ALL}


def asks(verb: str, *place: str) -> str:
    """Return the subject of a request to the JetStream API."""
    return ".".join(("$JS.API", verb, *place))


def flow(kind: str, stream: str, consumer: str) -> set[str]:
    """Return what answers a delivery (`ACK`, `FC`): as servers before 2.15 name it, and with domain and account."""
    return {f"$JS.{kind}.{place}{stream}.{consumer}.1.1.1.1.0" for place in ("", "_.hash.")}


def pulling(stream: str, consumer: str) -> set[str]:
    return {asks("CONSUMER.MSG.NEXT", stream, consumer), *flow("ACK", stream, consumer)}


FOLLOWING = {
    asks("STREAM.INFO", EVENTS), asks("STREAM.MSG.GET", EVENTS), asks("CONSUMER.CREATE", EVENTS),
    *flow("FC", EVENTS, "mine"),
}  # fmt: skip
MAKING = {
    *(asks(verb, stream) for verb in ("STREAM.INFO", "STREAM.CREATE") for stream in CONSUMERS),
    *(
        asks(verb, *place)
        for verb in ("CONSUMER.INFO", "CONSUMER.DURABLE.CREATE")
        for place in (*((JOBS, consumer) for consumer in CONSUMERS[JOBS]), (REPORTS, PROJECTOR))
    ),
}


def _publishes(cluster: str) -> set[str]:
    """Return what the executors of a cluster do."""
    follow = subjects.follow(cluster, "token")
    return {
        *(each(cluster) for each in ASKED), follow, f"{follow}.alive", subjects.report(cluster, DEPLOYMENT),
        subjects.progress(cluster, DEPLOYMENT), *pulling(JOBS, subjects.jobs_consumer(cluster)),
    }  # fmt: skip


def _queries(cluster: str) -> set[str]:
    return {subjects.query(cluster, kind) for kind in QUERIES}


PUBLISHES: dict[str, set[str]] = {
    API: {
        subjects.WAKE, *FOLLOWING,
        *(subjects.query(cluster, kind) for cluster in CLUSTERS for kind in QUERIES if kind not in OF_SCHEDULERS),
    },
    SCHEDULER: {
        subjects.events(DEPLOYMENT), subjects.events(None), *MAKING, asks("STREAM.MSG.GET", EVENTS), *pulling(REPORTS, PROJECTOR),
        *(each(cluster) for cluster in CLUSTERS for each in (subjects.jobs, subjects.control)),
        *(subjects.query(cluster, kind) for cluster in CLUSTERS for kind in OF_SCHEDULERS),
    },
    AUDIT: FOLLOWING,
    **{user: _publishes(cluster) for user, cluster in EXECUTORS.items()},
}  # fmt: skip
HEARS: dict[str, set[str]] = {
    API: {
        f"{inbox(API)}.>", subjects.FOLLOW_ALL, subjects.PROGRESS_ALL,
        *(each for cluster in CLUSTERS for each in (
            subjects.follow(cluster, "token"), f"{subjects.follow(cluster, 'token')}.alive",
            subjects.progress(cluster, DEPLOYMENT),
        )),
    },
    SCHEDULER: {
        f"{inbox(SCHEDULER)}.>", subjects.WAKE, subjects.RPC_ALL, subjects.CLAIM_ALL, subjects.BEAT_ALL,
        subjects.RESERVE_ALL, subjects.KEEP_ALL, subjects.KEPT_ALL, *(each(cluster) for cluster in CLUSTERS for each in ASKED),
    },
    AUDIT: {f"{inbox(AUDIT)}.>", subjects.EVENTS_ALL, subjects.events(DEPLOYMENT)},
    **{
        user: {f"{inbox(user)}.>", subjects.control(cluster), subjects.queries(cluster), *_queries(cluster)}
        for user, cluster in EXECUTORS.items()
    },
}  # fmt: skip
TRIED_PUBLISHING = {
    *(asks(verb) for verb in SERVER_VERBS),
    *(asks(verb, stream) for verb in STREAM_VERBS for stream in CONSUMERS),
    *(asks("DIRECT.GET", stream, subject) for stream, subject in STREAM_SUBJECTS.items()),
    *(
        subject
        for stream, consumers in CONSUMERS.items()
        for consumer in consumers
        for subject in (
            *(asks(verb, stream, consumer) for verb in CONSUMER_VERBS),
            asks("CONSUMER.CREATE", stream, consumer, STREAM_SUBJECTS[stream]),
            *flow("ACK", stream, consumer), *flow("FC", stream, consumer),
            f"$JS.SNAPSHOT.RESTORE.{stream}.token", f"$JS.SNAPSHOT.ACK.{stream}.token",
        )
    ),
    *(f"{inbox(user)}.x" for user in EVERYBODY),
    "$JS.EVENT.ADVISORY.API", "$SYS.REQ.SERVER.PING", "slipway.query.v1.north.unknown", "anything.else",
}.union(*PUBLISHES.values())  # fmt: skip
TRIED_HEARING = {
    *STREAM_SUBJECTS.values(), subjects.CONTROL_ALL, "slipway.query.v1.*.*", *map(subjects.jobs, CLUSTERS),
    *(subjects.report(cluster, DEPLOYMENT) for cluster in CLUSTERS),
    *(f"$JS.{what}.>" for what in ("API", "ACK", "FC", "EVENT", "SNAPSHOT")),
    *(f"{inbox(user)}.>" for user in EVERYBODY), "_INBOX.>", "*.x", "$SYS.>", "slipway.>", ">", "anything.else",
}.union(*HEARS.values())  # fmt: skip
