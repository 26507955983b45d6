"""Loopback ports for servers of this machine, claimed so that two stacks which start together never share one."""

import random
import socket
from collections.abc import Container

CHOICE = range(20_000, 30_000)
"""Below the ports that Kubernetes gives to Services of type NodePort and Linux to outgoing connections, which take
any port that no server listens on, also that of a server which is just being restarted."""


def free_port(besides: Container[int] = ()) -> int:
    """Return a loopback TCP port that nothing listens on; it is given once while this process lives, and to no other.

    Raises OSError when there is none.
    """
    for port in random.sample(CHOICE, len(CHOICE)):
        if port not in besides and _claim(port):
            return port
    raise OSError(f"no TCP port between {CHOICE.start} and {CHOICE.stop} is free")


def _claim(port: int) -> bool:
    """Take a name that the kernel gives to one process at a time and takes back when that process ends."""
    name, probe = socket.socket(socket.AF_UNIX), socket.socket()
    with name, probe:
        try:
            name.bind(f"\0slipway-port-{port}")
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
        name.detach()
    return True
