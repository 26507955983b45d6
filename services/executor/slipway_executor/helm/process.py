"""The Helm port by Helm's own program: one guarded process per operation, killable with its group."""

import asyncio
import contextlib
import os
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

import msgspec

from slipway.failpoints import hit
from slipway_executor.cluster.releases import objects_of
from slipway_executor.failing import OperationFailed, needs_person, terminal, transient
from slipway_executor.helm import guard, output
from slipway_executor.helm.port import Deadline, Release, Rendered

HISTORY_LIMIT = 10
OUTPUT_LIMIT = 256 * 1024
MEMORY_LIMIT = "512MiB"
KILLED = -9
RENDER_LIMIT = 16 * 1024 * 1024
RENDER_SEC = 20.0
HOOK = "helm.sh/hook"
BESIDE_HOOKS_SEC = 120.0
"""What an operation may take beside its hooks."""


class Ran(msgspec.Struct, frozen=True, kw_only=True):
    """How a Helm process ended."""

    code: int
    stdout: bytes
    stderr: str


class HelmProcess:
    def __init__(self, program: str, *, kubeconfig: str, work: Path) -> None:
        """`work` is a private folder for values files and Helm's own caches."""
        self._program = program
        self._kubeconfig = kubeconfig
        self._work = work

    async def apply(self, release: Release, deadline: Deadline) -> None:
        labels = ",".join(f"{key}={value}" for key, value in sorted(release.labels.items()))
        with self._values_file(release) as values:
            arguments = [*self._upgrade(release, values), "--labels", labels, f"--history-max={HISTORY_LIMIT}"]
            await self._done(arguments, deadline, limit_sec=release.hook_timeout_sec + BESIDE_HOOKS_SEC)

    async def render(self, release: Release, *, on_server: bool) -> Rendered:
        deadline = Deadline(time.clock_gettime(time.CLOCK_BOOTTIME) + RENDER_SEC)
        with self._values_file(release) as values:
            if on_server:
                arguments = [*self._upgrade(release, values), "--dry-run=server"]
            else:  # an upgrade looks for the release even when it is only simulated
                place = ["--namespace", release.namespace]
                arguments = ["template", release.name, str(release.chart), *place, "--values", values, "--skip-crds"]
            ran = await self._run(arguments, deadline, limit_sec=RENDER_SEC, keep_output=True)
        if ran.code:
            raise OperationFailed(msgspec.structs.replace(output.failure(ran.stderr), cluster_changed=False))
        return await asyncio.to_thread(_simulated if on_server else _templated, ran.stdout)

    async def roll_back(self, release: Release, revision: int, deadline: Deadline) -> None:
        arguments = [
            "rollback", release.name, str(revision), *_in(release.namespace, release.as_user), "--server-side=true",
            "--wait=hookOnly", f"--timeout={release.hook_timeout_sec}s", f"--history-max={HISTORY_LIMIT}",
            "--force-conflicts",
        ]  # fmt: skip
        await self._done(arguments, deadline, limit_sec=release.hook_timeout_sec + BESIDE_HOOKS_SEC)

    async def test(self, release: Release, deadline: Deadline) -> None:
        arguments = ["test", release.name, *_in(release.namespace, release.as_user)]
        timeout = f"--timeout={release.hook_timeout_sec}s"
        await self._done([*arguments, timeout], deadline, limit_sec=release.hook_timeout_sec + BESIDE_HOOKS_SEC)

    async def uninstall(
        self, name: str, namespace: str, deadline: Deadline, *, as_user: str | None = None, hook_timeout_sec: int = 300
    ) -> None:
        arguments = ["uninstall", name, *_in(namespace, as_user), "--wait=hookOnly", f"--timeout={hook_timeout_sec}s"]
        ran = await self._run(arguments, deadline, limit_sec=hook_timeout_sec + BESIDE_HOOKS_SEC)
        if ran.code and not output.says_not_found(ran.stderr):
            raise OperationFailed(output.failure(ran.stderr))

    def _upgrade(self, release: Release, values: str) -> list[str]:
        return [
            "upgrade", release.name, str(release.chart), "--install", *_in(release.namespace, release.as_user),
            "--values", values, "--reset-values", "--server-side=true", "--disable-openapi-validation", "--skip-crds",
            "--wait=hookOnly", f"--timeout={release.hook_timeout_sec}s", "--output=json",
            *(["--force-conflicts"] if release.force_fields else []),
        ]  # fmt: skip

    async def _done(self, arguments: Sequence[str], deadline: Deadline, *, limit_sec: float) -> None:
        ran = await self._run(arguments, deadline, limit_sec=limit_sec)
        if ran.code:
            raise OperationFailed(output.failure(ran.stderr))

    async def _run(
        self, arguments: Sequence[str], deadline: Deadline, *, limit_sec: float, keep_output: bool = False
    ) -> Ran:
        """Run Helm until it ends, its deadline passes or `limit_sec` is over: a template may loop for ever."""
        hit("helm.starting")
        argv = [sys.executable, "-I", "-S", guard.__file__, self._program, *arguments]
        try:
            child = await asyncio.create_subprocess_exec(
                *argv,
                stdin=asyncio.subprocess.PIPE,
                stdout=asyncio.subprocess.PIPE if keep_output else asyncio.subprocess.DEVNULL,
                stderr=asyncio.subprocess.PIPE,
                start_new_session=True,
                env=self._environment(),
            )
        except OSError as error:
            raise needs_person("helm_missing", "the Helm program cannot be started") from error
        following = asyncio.create_task(_follow(child, deadline))
        hit("helm.started")
        try:
            async with asyncio.timeout(limit_sec):
                stdout, stderr = await asyncio.gather(_read(child.stdout, RENDER_LIMIT), _last(child.stderr))
                code = await child.wait()
        except TimeoutError as error:
            raise transient("helm_too_slow", f"Helm did not end within {limit_sec:.0f} s", changed=True) from error
        finally:
            following.cancel()
            if child.returncode is None:
                with contextlib.suppress(ProcessLookupError):
                    os.killpg(child.pid, 9)
                await child.wait()
            if child.stdin:
                child.stdin.close()
        hit("helm.ended")
        if code == KILLED:
            raise transient("helm_killed", "Helm was ended at its deadline", changed=True)
        if "No such file or directory" in stderr and "guard.py" in stderr:
            raise needs_person("helm_missing", "the Helm program cannot be started")
        return Ran(code=code, stdout=stdout, stderr=stderr)

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


async def _last(stream: asyncio.StreamReader | None) -> str:
    """Return the last of what was printed; the rest is read and dropped, so that it cannot block."""
    kept = b""
    while stream and (data := await stream.read(65536)):
        kept = (kept + data)[-OUTPUT_LIMIT:]
    return kept.decode(errors="replace")


async def _read(stream: asyncio.StreamReader | None, limit: int) -> bytes:
    """Return all that was printed; OperationFailed when it is more than the limit."""
    kept = bytearray()
    while stream and (data := await stream.read(65536)):
        kept += data
        if len(kept) > limit:
            raise terminal("rendered_too_large", f"the chart renders more than {limit // 2**20} MiB")
    return bytes(kept)


def _simulated(stdout: bytes) -> Rendered:
    """Read what a dry run printed: the release as JSON."""
    release = msgspec.json.decode(stdout)
    hooks = [document for hook in release.get("hooks") or [] for document in objects_of(hook["manifest"])]
    notes = release.get("info", {}).get("notes", "")
    return Rendered(objects=tuple(objects_of(release.get("manifest", ""))), hooks=tuple(hooks), notes=notes)


def _templated(stdout: bytes) -> Rendered:
    """Read what `helm template` printed: objects and hooks in one stream."""
    found = objects_of(stdout.decode(errors="replace"))
    hooks = [item for item in found if HOOK in (item["metadata"].get("annotations") or {})]
    return Rendered(objects=tuple(item for item in found if item not in hooks), hooks=tuple(hooks))


def _in(namespace: str, as_user: str | None) -> list[str]:
    return ["--namespace", namespace, *(["--kube-as-user", as_user] if as_user else [])]
