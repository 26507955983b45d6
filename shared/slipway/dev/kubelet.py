"""What the simulated node says to the API server as a kubelet would: the logs of its pods, all from one file."""

from datetime import UTC, datetime
from pathlib import Path

import msgspec

FIRST = "this node is simulated: no container runs, and what a pod would print is read from this file of the embedded cluster"


def log_file(home: Path) -> Path:
    """Return the file that every pod's log is read from."""
    return home / "pods.log"


def print_line(home: Path, text: str) -> None:
    """Have every pod print a line."""
    with log_file(home).open("a") as log:
        log.write(f"{datetime.now(UTC).isoformat().replace('+00:00', 'Z')} stdout F {text}\n")


def log_rules(home: Path) -> Path:
    """Write, and return the place of, what tells kwok where logs are read from."""
    if not log_file(home).exists():
        print_line(home, FIRST)
    logs = {"logsFile": str(log_file(home)), "previousLogsFile": str(log_file(home)), "follow": True}
    rules = {
        "apiVersion": "kwok.x-k8s.io/v1alpha1",
        "kind": "ClusterLogs",
        "metadata": {"name": "logs"},
        "spec": {"logs": [logs]},
    }
    place = home / "logs.yaml"
    place.write_bytes(msgspec.json.encode(rules))
    return place
