"""One engine process: given one operation at a time and its deadlines, killed with its group when it must not go on."""

import asyncio
import contextlib
import os
from collections.abc import Mapping

import msgspec

from slipway_executor.failing import OperationFailed, needs_person, terminal
from slipway_executor.helm import output
from slipway_executor.helm.engine.protocol import LINE_LIMIT, Answer, Message, Operation, Outcome, Progress
from slipway_executor.helm.limits import ended, too_slow
from slipway_executor.helm.port import Deadline
from slipway_executor.helm.streams import follow, last, send

KILLED = -9


class Child:
    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self._process = process
        self._said = asyncio.create_task(last(process.stderr))
        self.operations = 0
        """How many it was given."""

    @classmethod
    async def start(cls, program: str, environment: Mapping[str, str]) -> "Child":
        """Start a process in a group of its own. OperationFailed when there is no such program."""
        try:
            process = await asyncio.create_subprocess_exec(
                program,
                stdin=asyncio.subprocess.PIPE,
                stdout=asyncio.subprocess.PIPE,
                stderr=asyncio.subprocess.PIPE,
                limit=LINE_LIMIT,
                start_new_session=True,
                env=environment,
            )
        except OSError as error:
            raise needs_person("helm_missing", "the Helm engine cannot be started") from error
        return cls(process)

    @property
    def alive(self) -> bool:
        return self._process.returncode is None

    @property
    def pid(self) -> int:
        return self._process.pid

    async def ask(self, operation: Operation, deadline: Deadline, *, limit_sec: float) -> Outcome:
        """Return how the operation ended. Unless it did, the process is gone: killed by us, or by itself."""
        self.operations += 1
        told: list[Progress] = []
        following = None
        try:
            async with asyncio.timeout(limit_sec):
                with contextlib.suppress(ConnectionError):  # it has ended: the answer says so
                    await self._send(Message(deadline=deadline.at, operation=operation))
                following = asyncio.create_task(follow(self._process.stdin, deadline, _line))
                outcome = await self._outcome(told, deadline)
        except TimeoutError as error:
            await self.kill()
            raise too_slow(limit_sec, told[-1].words() if told else "") from error
        except BaseException:
            await self.kill()
            raise
        finally:
            if following:
                following.cancel()
            deadline.hear(waits=False)
        if outcome is None:
            raise await self._end()
        return outcome

    async def kill(self) -> None:
        """End it with everything that it started."""
        if self.alive:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self._process.pid, 9)
        await self._process.wait()
        if self._process.stdin:
            self._process.stdin.close()
        await self._said

    async def _send(self, message: Message) -> None:
        assert self._process.stdin is not None  # noqa: S101 - opened as a pipe
        await send(self._process.stdin, msgspec.json.encode(message) + b"\n")

    async def _outcome(self, told: list[Progress], deadline: Deadline) -> Outcome | None:
        """Read until the outcome; None when the process ends before it."""
        assert self._process.stdout is not None  # noqa: S101 - opened as a pipe
        while True:
            try:
                line = await self._process.stdout.readline()
            except ValueError as error:
                raise terminal("rendered_too_large", "the chart renders more than can be read") from error
            if not line:
                return None
            answer = msgspec.json.decode(line, type=Answer)
            if answer.progress:
                told[:] = [answer.progress]
                deadline.hear(waits=answer.progress.waits)
            if answer.outcome:
                return answer.outcome

    async def _end(self) -> OperationFailed:
        """Return why it ended by itself."""
        await self.kill()
        if self._process.returncode == KILLED:
            return ended()
        return OperationFailed(output.failure(await self._said))


def _line(deadline: float) -> bytes:
    return msgspec.json.encode(Message(deadline=deadline)) + b"\n"
