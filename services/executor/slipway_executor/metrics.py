"""What an executor counts and measures."""

from prometheus_client import Counter, Gauge, Histogram

SLOTS = Gauge("slipway_executor_slots", "Helm operations that this executor can run at once.", ["state"])
"""`state` is `busy` or `free`."""
HELD = Gauge("slipway_executor_jobs", "Jobs that this executor holds.", ["phase"])
"""`applying` with a slot, or `watching` without one."""
HELM_SECONDS = Histogram(
    "slipway_helm_operation_duration_seconds",
    "Time of Helm operations.",
    ["action", "result"],
    buckets=(0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300, 600),
)
"""`result` is `ok`, `failed` or `stopped`."""
HELM_MEMORY = Gauge("slipway_helm_memory_bytes", "Memory that Helm's processes of this executor hold for themselves.")
CLAIMS = Counter("slipway_executor_claims_total", "Commands that were claimed, or were another's.", ["verdict"])
"""`verdict` is `run`, `drop` or `unanswered`."""
LEASES_LOST = Counter("slipway_executor_leases_lost_total", "Kubernetes Leases that were seen in other hands.")
FENCED = Counter("slipway_executor_jobs_fenced_total", "Jobs that were stopped because they were another's by then.")
QUERIES = Counter("slipway_executor_queries_total", "Live questions, by kind.", ["kind", "result"])
"""`result` is `ok`, `failed` or `busy`."""
