"""Pulls commands as slots are free, claims each, runs it, and reports. One beat tells of all that is held."""

import asyncio
import contextlib
from uuid import UUID

import msgspec
import structlog

from slipway.clock import Clock
from slipway.domain.failures import Failure, FailureClass
from slipway.domain.outcomes import Outcome
from slipway.failpoints import hit
from slipway.lifecycle import Ticker, first_of
from slipway.messaging import subjects
from slipway.messaging.broker import Broker, Delivery
from slipway.messaging.messages import (
    Applied,
    Beat,
    BeatAnswer,
    BeatVerdict,
    Command,
    HeldJob,
    encode,
)
from slipway.telemetry.metrics import version
from slipway.telemetry.tracing import Kind, Span
from slipway_executor import fence, metrics, telling
from slipway_executor.asking import heard
from slipway_executor.claiming import Claiming, settle
from slipway_executor.cluster.port import Cluster
from slipway_executor.control import Control, Stopped
from slipway_executor.failing import OperationFailed
from slipway_executor.fence import TERMS, Terms
from slipway_executor.helm.port import Deadline
from slipway_executor.reconcile.loop import End, Reconciler
from slipway_executor.reports import Reports
from slipway_executor.sealing import Keyring
from slipway_executor.slots import One, Slots

log = structlog.get_logger()

PULL_SEC = 5.0
BEAT_ANSWER_SEC = 1.0
BEAT_TRIES = 3
BEATS_APART_SEC = 0.5
WATCH_LIMIT = 500
GRACE_SEC = 30.0
"""How long a running apply may take to finish once it is to stop."""


class Held:
    """A claimed job."""

    def __init__(self, command: Command) -> None:
        self.command = command
        self.control = Control()
        self.deadline: Deadline | None = None
        self.task: asyncio.Task[None] | None = None


class Worker:
    def __init__(
        self,
        broker: Broker,
        cluster: Cluster,
        reconciler: Reconciler,
        clock: Clock,
        *,
        name: str,
        instance: str,
        slots: int,
        keyring: Keyring | None = None,
        terms: Terms = TERMS,
    ) -> None:
        """`name` is the cluster's, `keyring` holds its key for secrets; `instance` is this process's own."""
        self._broker = broker
        self._cluster = cluster
        self._reconciler = reconciler
        self._clock = clock
        self._name = name
        self._instance = instance
        self._keyring = keyring
        self._terms = terms
        self._claiming = Claiming(broker, name=name, instance=instance)
        self._slots = Slots(slots)
        self._held: dict[tuple[UUID, int], Held] = {}
        self._starting: set[asyncio.Task[None]] = set()
        self._known: set[tuple[UUID, int]] = set()
        """Commands that are being claimed or held: another delivery of one is dropped."""
        self._stopping = False
        self._released = asyncio.Event()

    @property
    def held(self) -> int:
        return len(self._held)

    @property
    def jobs(self) -> list[tuple[Command, Control]]:
        """What is held at this moment, and how far each is."""
        return [(each.command, each.control) for each in self._held.values()]

    def tell_metrics(self) -> None:
        """Show slots and held jobs from now on."""
        telling.tell_slots(self._slots)
        telling.tell_held(lambda: [each.control.phase for each in self._held.values()])

    async def pull_once(self) -> int:
        """Take as many commands as slots are free, waiting a while for a slot and for the first; return how many."""
        free = await self._slots.free()
        if not free or self._stopping:
            return 0
        if len(self._held) >= WATCH_LIMIT:
            self._released.clear()
            await first_of(self._released.wait(), self._clock.sleep(PULL_SEC))
            return 0
        found = await self._broker.fetch(
            subjects.JOBS_STREAM, subjects.jobs_consumer(self._name), batch=free, timeout=PULL_SEC
        )
        for delivery in found:
            if self._stopping:
                await settle(delivery.nak())
                continue
            self._slots.take()
            task = asyncio.create_task(self._start(delivery))
            self._starting.add(task)
            task.add_done_callback(self._starting.discard)
        return len(found)

    async def beat_once(self) -> None:
        """Tell that all held jobs live, and do what the answers say. No answer changes nothing."""
        held = [
            HeldJob(job=each.command.job, fence=each.command.fence, phase=each.control.phase)
            for each in self._held.values()
        ]
        beat = Beat(
            instance=self._instance,
            cluster=self._name,
            slots=self._slots.total,
            free=self._slots.left if len(self._held) < WATCH_LIMIT else 0,
            version=version(),
            jobs=tuple(held),
            public_key=self._keyring.public_key if self._keyring else None,
        )
        subject = subjects.beat(self._name)
        raw = await heard(self._broker, subject, encode(beat), timeout=BEAT_ANSWER_SEC, tries=BEAT_TRIES)
        if raw is None:
            return
        for answer in msgspec.json.decode(raw, type=BeatAnswer).jobs:
            if held_job := self._held.get((answer.job, answer.fence)):
                self._obey(held_job, answer.verdict)

    def beats(self, *, every_sec: float) -> Ticker:
        """Return the loop of beats: a hint is met at once, any number of them by two beats a second."""
        return Ticker(self.beat_once, interval=every_sec, apart=BEATS_APART_SEC, name="beat", clock=self._clock)

    async def shut_down(self) -> None:
        """Hand back what is watched, let applies finish for a while, then end them."""
        self._stopping = True
        for each in list(self._held.values()):
            self._stop(each, Outcome.HANDED_BACK)
        ending = asyncio.create_task(self._ended())
        await asyncio.wait({ending}, timeout=GRACE_SEC)
        late = [ending, *self._tasks()]
        for task in late:
            task.cancel()
        await asyncio.gather(*late, return_exceptions=True)

    async def _ended(self) -> None:
        """Wait for all jobs, those aside that are being claimed at this moment and are handed back at once."""
        while tasks := self._tasks():
            await asyncio.wait(tasks)

    def _tasks(self) -> list[asyncio.Task[None]]:
        return [*self._starting, *(each.task for each in self._held.values() if each.task)]

    def _obey(self, held: Held, verdict: BeatVerdict) -> None:
        if verdict is BeatVerdict.FENCED and held.task:
            metrics.FENCED.inc()
            with telling.about(held.command, "job fenced"):
                log.warning("job_fenced", fence=held.command.fence)
            held.task.cancel()
        elif verdict in (BeatVerdict.SUPERSEDED, BeatVerdict.CANCELLED):
            self._stop(held, Outcome.STOPPED)

    def _stop(self, held: Held, outcome: Outcome) -> None:
        held.control.stop(outcome)
        if held.deadline:
            held.deadline.stop(self._clock.monotonic(), grace_sec=GRACE_SEC)

    async def _start(self, delivery: Delivery) -> None:
        command = await self._claiming.read(delivery)
        if command is None:
            self._slots.give_back()
            return
        key = (command.job, command.fence)
        if key in self._known:  # its acknowledgement was lost: this process works on it already
            self._slots.give_back()
            await settle(delivery.ack())
            return
        self._known.add(key)
        with telling.about(command, "job claim", Kind.CLIENT):
            claimed = await self._claiming.claim(delivery, command)
        if not claimed:
            self._known.discard(key)
            self._slots.give_back()
            return
        held = Held(command)
        self._held[key] = held
        if self._stopping:
            held.control.stop(Outcome.HANDED_BACK)
        held.task = asyncio.create_task(self._run(held))

    async def _run(self, held: Held) -> None:
        with telling.about(held.command, "job run", Kind.CONSUMER) as span:
            await self._run_within(held, span)

    async def _run_within(self, held: Held, span: Span) -> None:
        command = held.command
        log.info(
            "job_started", fence=command.fence, action=command.action.value, generation=command.generation,
            reason=command.reason, attempt=command.attempt,
        )  # fmt: skip
        reports = Reports(self._broker, self._clock, command, self._instance)
        started = self._clock.monotonic()
        slot = self._slots.held()
        try:
            end = await self._reconcile(held, reports, slot)
            timings = {**end.timings_ms, "executor": round((self._clock.monotonic() - started) * 1000, 1)}
            telling.tell_end(span, command, end, timings["executor"])
            hit("worker.reporting")
            await reports.publish(reports.next(**{**msgspec.structs.asdict(end), "timings_ms": timings}))
            hit("worker.reported")
        except fence.FenceAhead as error:
            await reports.publish(reports.next(outcome=Outcome.FENCE_AHEAD, stored_fence=error.stored))
        except Exception as error:
            span.fail(type(error).__name__)
            log.exception("job_broke", error=type(error).__name__)
            reason = f"the executor failed unexpectedly ({type(error).__name__})"
            failure = Failure(
                failure_class=FailureClass.TRANSIENT, code="executor_error", reason=reason, cluster_changed=True
            )
            await reports.publish(reports.next(outcome=Outcome.FAILED, failure=failure))
        finally:
            slot.give_back()
            self._held.pop((command.job, command.fence), None)
            self._known.discard((command.job, command.fence))
            self._released.set()

    async def _reconcile(self, held: Held, reports: Reports, slot: One) -> End:
        command = held.command
        control = held.control
        try:
            given = await control.unless_stopped(self._reconciler.inputs(command))
            begun = self._clock.monotonic()
            async with contextlib.AsyncExitStack() as stack:
                holding = fence.held(
                    self._cluster, self._clock, command.deployment, holder=self._instance, fence=command.fence,
                    terms=self._terms,
                )  # fmt: skip
                held.deadline = deadline = await control.unless_stopped(stack.enter_async_context(holding))
                lease_ms = round((self._clock.monotonic() - begun) * 1000, 1)

                async def watching(applied: Applied) -> None:
                    slot.give_back()
                    await reports.publish(reports.next(outcome=Outcome.PROGRESS, applied=applied))

                end = await self._reconciler.run(command, given, deadline, control, watching)
                return msgspec.structs.replace(end, timings_ms={"lease": lease_ms, **end.timings_ms})
        except Stopped:
            return End(outcome=control.outcome or Outcome.STOPPED)
        except OperationFailed as error:
            return End(outcome=Outcome.FAILED, failure=error.failure)
