"""What the API counts and measures."""

from prometheus_client import Counter, Gauge, Histogram

REQUESTS = Counter(
    "slipway_http_requests_total", "Requests answered, by the route's template.", ["method", "route", "status"]
)
REQUEST_SECONDS = Histogram(
    "slipway_http_request_duration_seconds",
    "From a request to the first byte of its answer.",
    ["method", "route"],
    buckets=(0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 10),
)
LIVE_CLIENTS = Gauge("slipway_live_clients", "Clients that follow the live feed.")
LIVE_DROPPED = Counter("slipway_live_clients_dropped_total", "Clients that read too slowly and were disconnected.")
