"""What a scheduler counts and measures. Gauges are of the whole installation: every scheduler shows the same ones."""

from prometheus_client import Counter, Gauge, Histogram

from slipway.domain.jobs import FINISHED

JOBS = Gauge("slipway_jobs", "Jobs that are not over, by state.", ["state"])
"""`queued` (due), `held` (queued, its deployment is suspended), `delayed`, `leased` or `running`."""
OLDEST = Gauge("slipway_job_oldest_age_seconds", "How long the oldest job of a state is in it.", ["state"])
CLUSTER_EXECUTORS = Gauge("slipway_cluster_executors", "Executors that were heard in the last 15 seconds.", ["cluster"])
CLUSTER_SLOTS = Gauge("slipway_cluster_slots", "Helm operations that these executors can run at once.", ["cluster"])
MEASURED = Gauge("slipway_queue_measured_timestamp_seconds", "When the gauges of jobs and events were measured last.")

LEASES = Counter("slipway_job_leases_total", "Jobs leased to a cluster's executors.", ["cluster"])
EXPIRED = Counter("slipway_job_leases_expired_total", "Leases that ran out.", ["kind"])
"""`unclaimed`: no executor took the command. `silent`: the executor's beats ended."""
ATTEMPTS = Counter("slipway_job_attempts_total", "Tries that ended.", ["outcome", "failure_class"])
ENDED = Counter("slipway_jobs_ended_total", "Jobs that are over.", ["status"])
STAGE_SECONDS = Histogram(
    "slipway_job_stage_seconds",
    "What a job that ended spent in each stage.",
    ["stage"],
    buckets=(0.01, 0.05, 0.1, 0.5, 1, 2.5, 5, 15, 60, 300, 1800),
)
REPORTS = Counter("slipway_reports_total", "Reports of executors.", ["result"])
"""`applied`, `ignored` (older than what is known) or `unreadable`."""

EVENTS_PUBLISHED = Counter("slipway_events_published_total", "Events that this scheduler put on the event stream.")
EVENTS_WAITING = Gauge("slipway_events_waiting", "Events that are not on the stream yet; counted up to 10000.")
EVENT_LAG = Gauge("slipway_event_lag_seconds", "Age of the oldest event that is not on the stream yet.")
RELAY_AHEAD = Gauge("slipway_relay_ahead", "1 while the stream holds events that PostgreSQL does not know.")

for kind in ("unclaimed", "silent"):
    EXPIRED.labels(kind)
for status in FINISHED:
    ENDED.labels(status.value)
"""At 0 from the start: Prometheus sees no increase in a series that begins with 1, so the first quarantine would wake nobody."""
