"""`slipway dev status`: what runs, where, and how much memory it takes."""

from pathlib import Path

from rich.console import Console
from rich.table import Table

from slipway.dev.process import memory_mib, recorded

SERVICE_LIMIT_MIB = 120
SERVICES = ("api", "scheduler", "executor")
EXPECTED = ("api", "scheduler-1", "executor-1")

NODES = {"kubelet": "node: real (containerd)", "kwok": "node: simulated (kwok)", "": "cluster: your own"}
"""What a process says of the node, the surest first."""


def show(state: Path, console: Console) -> bool:
    """Print the table; False when something that should run does not, or nothing does."""
    servers = recorded(state)
    if not servers:
        console.print(f"nothing runs under {state}: `make up` or `slipway dev up` starts it", soft_wrap=True)
        return False
    table = Table("process", "pid", "state", "address", "memory MiB", "aim")
    for server in sorted(servers, key=lambda each: each.started):
        memory = memory_mib(server.pid) if server.alive else 0.0
        aim = f"≤ {SERVICE_LIMIT_MIB}" if server.name.startswith(SERVICES) else ""
        state_word = "running" if server.alive else "ended"
        table.add_row(server.name, str(server.pid), state_word, server.address, f"{memory:.0f}", aim)
    console.print(table)
    names = {server.name for server in servers}
    console.print(next(said for name, said in NODES.items() if name in names or not name))
    missing = [name for name in EXPECTED if name not in {server.name for server in servers}]
    if missing:
        console.print(f"should run and does not: {', '.join(missing)}")
    return not missing and all(server.alive for server in servers)
