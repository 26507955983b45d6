"""A pseudo-terminal with a `slipway` in it, and a pipe to one."""

import json
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pexpect

WITHIN_SEC = 150
ESCAPES = re.compile(r"\x1b\[[0-9;?]*[a-zA-Z]|\x1b[=>]|\r")
SLIPWAY = [sys.executable, "-c", "from slipway.cli.main import main; main()"]


succeeded: list[tuple[str, ...]] = []
"""What was run in any terminal of this process and ended with 0."""


class Terminal:
    def __init__(self, url: str, home: Path) -> None:
        self.home = home
        self.environment = {
            "SLIPWAY_API_URL": url, "HOME": str(home), "XDG_CONFIG_HOME": str(home / "config"), "TERM": "xterm-256color",
            "PATH": os.environ["PATH"], "LANG": "C.UTF-8",
        }  # fmt: skip
        self._open: dict[pexpect.spawn[str], tuple[str, ...]] = {}

    def type(self, *arguments: str, **environment: str) -> "pexpect.spawn[str]":
        """Start a command as a person does, in a terminal of 160 columns."""
        process: pexpect.spawn[str] = pexpect.spawn(
            SLIPWAY[0], [*SLIPWAY[1:], *arguments], env={**self.environment, **environment}, encoding="utf-8",
            dimensions=(50, 160), timeout=WITHIN_SEC,
        )  # fmt: skip
        self._open[process] = arguments
        return process

    def end(self, process: "pexpect.spawn[str]") -> tuple[int, str]:
        """Wait for its end; return the exit code and what was on the screen since the last expectation."""
        process.expect(pexpect.EOF)
        process.close()
        if process.exitstatus == 0:
            succeeded.append(self._open[process])
        return process.exitstatus if process.exitstatus is not None else -1, ESCAPES.sub("", process.before or "")

    def run(self, *arguments: str, **environment: str) -> tuple[int, str]:
        return self.end(self.type(*arguments, **environment))

    def done(self, *arguments: str) -> str:
        """Run what succeeds; return the screen."""
        code, screen = self.run(*arguments)
        assert code == 0, screen
        return screen

    def pipe(self, *arguments: str, given: str = "", **environment: str) -> subprocess.CompletedProcess[str]:
        """Run it as a script does: no terminal on any side."""
        result = subprocess.run(
            [*SLIPWAY, *arguments], input=given, capture_output=True, text=True, timeout=WITHIN_SEC, check=False,
            env={**self.environment, **environment},
        )  # fmt: skip
        if result.returncode == 0:
            succeeded.append(arguments)
        return result

    def json(self, *arguments: str) -> Any:
        result = self.pipe(*arguments, "-o", "json")
        assert result.returncode == 0, result.stderr
        return json.loads(result.stdout)

    def close(self) -> None:
        for process in self._open:
            process.close(force=True)
        self._open.clear()
