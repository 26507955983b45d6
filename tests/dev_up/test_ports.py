"""A port is given to one stack at a time, also while its server is not up."""

import subprocess
import sys

import pytest

from slipway.dev import ports

HOLDER = "from slipway.dev.ports import free_port; print(free_port(), flush=True); input()"


def test_a_port_belongs_to_one_process_until_that_ends(monkeypatch: pytest.MonkeyPatch):
    with subprocess.Popen([sys.executable, "-c", HOLDER], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as holder:
        assert holder.stdout is not None
        port = int(holder.stdout.readline())
        monkeypatch.setattr(ports, "CHOICE", range(port, port + 1))
        with pytest.raises(OSError, match="no TCP port"):
            ports.free_port()
        holder.communicate(b"\n")
    with pytest.raises(OSError, match="no TCP port"):
        ports.free_port(besides={port})
    assert ports.free_port() == port
    with pytest.raises(OSError, match="no TCP port"):
        ports.free_port()
