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
from slipway_executor.failing import OperationFailed, needs_person, terminal
from slipway_executor.helm import guard, output, rendered
from slipway_executor.helm.environment import environment
from slipway_executor.helm.limits import BESIDE_HOOKS_SEC, RENDER_SEC, ended, rendering, too_slow
from slipway_executor.helm.port import Deadline, Release, Rendered
from slipway_executor.helm.streams import follow, last

HISTORY_LIMIT = 10
KILLED = -9
RENDER_LIMIT = 16 * 1024 * 1024


class Ran(msgspec.Struct, frozen=True, kw_only=True):
    """How a Helm process ended."""

    code: int
    stdout: bytes
    stderr: str


class HelmProcess:
    def __init__(self, program: str, *, kubeconfig: str, work: Path, memory_mib: int = 1024) -> None:
        """`work` is a private folder for values files and Helm's own caches."""
        self._program = program
        self._kubeconfig = kubeconfig
        self._work = work
        self._memory_mib = memory_mib

    async def apply(self, release: Release, deadline: Deadline) -> None:
        labels = ",".join(f"{key}={value}" for key, value in sorted(release.labels.items()))
        with self._values_file(release) as values:
            arguments = [*self._upgrade(release, values), "--labels", labels, f"--history-max={HISTORY_LIMIT}"]
            await self._done(arguments, deadline, limit_sec=release.hook_timeout_sec + BESIDE_HOOKS_SEC)

    async def render(self, release: Release, *, on_server: bool) -> Rendered:
        with self._values_file(release) as values:
            if on_server:
                arguments = [*self._upgrade(release, values), "--dry-run=server"]
            else:  # an upgrade looks for the release even when it is only simulated
                place = ["--namespace", release.namespace]
                arguments = ["template", release.name, str(release.chart), *place, "--values", values, "--skip-crds"]
            deadline = Deadline(time.clock_gettime(time.CLOCK_BOOTTIME) + RENDER_SEC)
            with rendering(on_server=on_server):
                ran = await self._run(arguments, deadline, limit_sec=RENDER_SEC, keep_output=True)
        if ran.code:
            raise OperationFailed(msgspec.structs.replace(output.failure(ran.stderr), cluster_changed=False))
        return await asyncio.to_thread(_simulated if on_server else _templated, ran.stdout)

    async def roll_back(self, release: Release, revision: int, deadline: Deadline) -> None:
        arguments = [
            "rollback", release.name, str(revision), *_in(release.namespace, release.as_user), "--server-side=true",
            "--wait=hookOnly", f"--timeout={release.hook_timeout_sec}s", f"--history-max={HISTORY_LIMIT}",
            *(["--force-conflicts"] if release.force_fields else []),
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
        argv = [sys.executable, "-I", "-S", guard.__file__, str(self._memory_mib), self._program, *arguments]
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
        following = asyncio.create_task(follow(child.stdin, deadline, _line))
        hit("helm.started")
        try:
            async with asyncio.timeout(limit_sec):
                stdout, stderr = await asyncio.gather(_read(child.stdout, RENDER_LIMIT), last(child.stderr))
                code = await child.wait()
        except TimeoutError as error:
            raise too_slow(limit_sec) from error
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
            raise ended()
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
        found = environment(self._work, self._memory_mib)
        if self._kubeconfig:
            found["KUBECONFIG"] = self._kubeconfig
        return found


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
    hooks = [hook["manifest"] for hook in release.get("hooks") or []]
    return rendered.of_release(release.get("manifest", ""), hooks, release.get("info", {}).get("notes", ""))


def _templated(stdout: bytes) -> Rendered:
    """Read what `helm template` printed: objects and hooks in one stream."""
    return rendered.of_stream(stdout.decode(errors="replace"))


def _line(deadline: float) -> bytes:
    return f"{deadline!r}\n".encode()


def _in(namespace: str, as_user: str | None) -> list[str]:
    return ["--namespace", namespace, *(["--kube-as-user", as_user] if as_user else [])]
