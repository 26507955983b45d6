"""Names of subjects and streams. A token from outside (cluster, id) never becomes more than one token."""

import re
from uuid import UUID

JOBS_STREAM = "SLIPWAY_JOBS"
REPORTS_STREAM = "SLIPWAY_REPORTS"
EVENTS_STREAM = "SLIPWAY_EVENTS"

JOBS_ALL = "slipway.jobs.v1.*"
REPORTS_ALL = "slipway.report.v1.*.*"
EVENTS_ALL = "slipway.events.v1.*"
WAKE = "slipway.wake.v1"
"""Core, lossy: work was committed; look now rather than at the next poll."""
CLAIM_ALL = "slipway.rpc.v1.*.claim"
BEAT_ALL = "slipway.rpc.v1.*.beat"
KEEP_ALL = "slipway.rpc.v1.*.keep"
"""A piece of a chart archive, to be kept."""
KEPT_ALL = "slipway.rpc.v1.*.kept"
"""Asks for a piece that was kept."""
RESERVE_ALL = "slipway.rpc.v1.*.reserve"
"""May this job's objects ask for so much?"""
RPC_ALL = "slipway.rpc.v1.*.*"
CONTROL_ALL = "slipway.control.v1.*"
PROGRESS_ALL = "slipway.progress.v1.*.*"
"""Core, lossy: how far each job is."""
FOLLOW_ALL = "slipway.follow.v1.>"

_TOKEN = re.compile(r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\Z")


def cluster_token(cluster: str) -> str:
    """Return the cluster's name when it is a DNS label; ValueError otherwise (it would change the subject)."""
    if not _TOKEN.match(cluster):
        raise ValueError(f"cluster name {cluster!r} is not a DNS label")
    return cluster


def jobs(cluster: str) -> str:
    return f"slipway.jobs.v1.{cluster_token(cluster)}"


def jobs_consumer(cluster: str) -> str:
    """Durable pull consumer that all executors of a cluster share."""
    return f"executors-{cluster_token(cluster)}"


def claim(cluster: str) -> str:
    return f"slipway.rpc.v1.{cluster_token(cluster)}.claim"


def beat(cluster: str) -> str:
    return f"slipway.rpc.v1.{cluster_token(cluster)}.beat"


def reserve(cluster: str) -> str:
    return f"slipway.rpc.v1.{cluster_token(cluster)}.reserve"


def keep(cluster: str) -> str:
    return f"slipway.rpc.v1.{cluster_token(cluster)}.keep"


def kept(cluster: str) -> str:
    return f"slipway.rpc.v1.{cluster_token(cluster)}.kept"


def control(cluster: str) -> str:
    return f"slipway.control.v1.{cluster_token(cluster)}"


def report(cluster: str, deployment: UUID) -> str:
    return f"slipway.report.v1.{cluster_token(cluster)}.{deployment}"


def progress(cluster: str, deployment: UUID) -> str:
    return f"slipway.progress.v1.{cluster_token(cluster)}.{deployment}"


def progresses(cluster: str) -> str:
    """The progress of all jobs of a cluster."""
    return f"slipway.progress.v1.{cluster_token(cluster)}.*"


def query(cluster: str, kind: str) -> str:
    return f"slipway.query.v1.{cluster_token(cluster)}.{cluster_token(kind)}"


def queries(cluster: str) -> str:
    """All kinds of questions to a cluster's executors."""
    return f"slipway.query.v1.{cluster_token(cluster)}.*"


def queries_of(kind: str) -> str:
    """The questions of one kind to all clusters' executors."""
    return f"slipway.query.v1.*.{cluster_token(kind)}"


def reports(cluster: str) -> str:
    """All reports of a cluster's executors."""
    return f"slipway.report.v1.{cluster_token(cluster)}.*"


def follow(cluster: str, token: str) -> str:
    """Where the lines of one followed log go; `token` is the follower's own."""
    return f"slipway.follow.v1.{cluster_token(cluster)}.{cluster_token(token)}"


def follows(cluster: str) -> str:
    """All logs of a cluster that are followed."""
    return f"slipway.follow.v1.{cluster_token(cluster)}.*"


def events(deployment: UUID | None) -> str:
    return f"slipway.events.v1.{deployment or '_'}"
