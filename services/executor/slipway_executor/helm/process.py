"""The Helm port by Helm's own program: one guarded process per operation, killable with its group."""

import asyncio
import contextlib
import os
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

import msgspec

from slipway_executor.failing import OperationFailed, needs_person, transient
from slipway_executor.helm import guard, output
from slipway_executor.helm.port import Deadline, Release

HISTORY_LIMIT = 10
OUTPUT_LIMIT = 256 * 1024
MEMORY_LIMIT = "512MiB"
KILLED = -9


class HelmProcess:
    def __init__(self, program: str, *, kubeconfig: str, work: Path) -> None:
        """`work` is a private folder for values files and Helm's own caches."""
        self._program = program
        self._kubeconfig = kubeconfig
        self._work = work

    async def apply(self, release: Release, deadline: Deadline) -> None:
        labels = ",".join(f"{key}={value}" for key, value in sorted(release.labels.items()))
        with self._values_file(release) as values:
            code, stderr = await self._run(
                [
                    "upgrade", release.name, str(release.chart), "--install", "--namespace", release.namespace,
                    "--values", values, "--reset-values", "--labels", labels, "--server-side=true",
                    "--disable-openapi-validation", "--wait=hookOnly", f"--timeout={release.hook_timeout_sec}s",
                    f"--history-max={HISTORY_LIMIT}", "--hide-notes", "--output=json",
                ],
                deadline,
            )  # fmt: skip
        if code:
            raise OperationFailed(output.failure(stderr))

    async def uninstall(self, name: str, namespace: str, deadline: Deadline, *, hook_timeout_sec: int = 300) -> None:
        arguments = ["uninstall", name, "--namespace", namespace, "--wait=hookOnly", f"--timeout={hook_timeout_sec}s"]
        code, stderr = await self._run(arguments, deadline)
        if code and not output.says_not_found(stderr):
            raise OperationFailed(output.failure(stderr))

    async def _run(self, arguments: Sequence[str], deadline: Deadline) -> tuple[int, str]:
        argv = [sys.executable, "-I", "-S", guard.__file__, self._program, *arguments]
        try:
            child = await asyncio.create_subprocess_exec(
                *argv,
                stdin=asyncio.subprocess.PIPE,
                stdout=asyncio.subprocess.DEVNULL,
                stderr=asyncio.subprocess.PIPE,
                start_new_session=True,
                env=self._environment(),
            )
        except OSError as error:
            raise needs_person("helm_missing", "the Helm program cannot be started") from error
        following = asyncio.create_task(_follow(child, deadline))
        try:
            stderr = await _read_bounded(child)
            code = await child.wait()
        finally:
            following.cancel()
            if child.returncode is None:
                with contextlib.suppress(ProcessLookupError):
                    os.killpg(child.pid, 9)
                await child.wait()
            if child.stdin:
                child.stdin.close()
        if code == KILLED:
            raise transient("helm_killed", "Helm was ended at its deadline", changed=True)
        if "No such file or directory" in stderr and "guard.py" in stderr:
            raise needs_person("helm_missing", "the Helm program cannot be started")
        return code, stderr

    @contextlib.contextmanager
    def _values_file(self, release: Release):  # noqa: ANN202 - the context's value is a path
        with tempfile.NamedTemporaryFile(dir=self._work, prefix="values-", suffix=".json") as file:  # mode 0600
            file.write(msgspec.json.encode(release.values))
            file.flush()
            yield file.name

    def _environment(self) -> dict[str, str]:
        """Return all that Helm sees: nothing of the executor's own settings."""
        environment = {
            "PATH": "/usr/bin:/bin",
            "HOME": str(self._work),
            "HELM_CACHE_HOME": str(self._work / "helm"),
            "HELM_CONFIG_HOME": str(self._work / "helm"),
            "HELM_DATA_HOME": str(self._work / "helm"),
            "GOMEMLIMIT": MEMORY_LIMIT,
        }
        if self._kubeconfig:
            environment["KUBECONFIG"] = self._kubeconfig
        for name in ("KUBERNETES_SERVICE_HOST", "KUBERNETES_SERVICE_PORT"):
            if name in os.environ:
                environment[name] = os.environ[name]
        return environment


async def _follow(child: asyncio.subprocess.Process, deadline: Deadline) -> None:
    """Tell the guard the deadline, and each change of it."""
    assert child.stdin is not None  # noqa: S101 - opened as a pipe above
    with contextlib.suppress(ConnectionError):
        while True:
            deadline.changed.clear()
            child.stdin.write(f"{deadline.at!r}\n".encode())
            await child.stdin.drain()
            await deadline.changed.wait()


async def _read_bounded(child: asyncio.subprocess.Process) -> str:
    """Return the last of what it printed; the rest is read and dropped, so that it cannot block."""
    assert child.stderr is not None  # noqa: S101 - opened as a pipe above
    kept = b""
    while data := await child.stderr.read(65536):
        kept = (kept + data)[-OUTPUT_LIMIT:]
    return kept.decode(errors="replace")
