"""A worker over a broker, Helm and a cluster in memory, with a clock that the test moves."""

import asyncio
import base64
from pathlib import Path
from typing import Any
from uuid import UUID

import msgspec
from nacl.public import PublicKey, SealedBox

from slipway.clock import ManualClock, settle
from slipway.domain.outcomes import Outcome
from slipway.domain.usage import Usage
from slipway.identity import new_id
from slipway.messaging import subjects
from slipway.messaging.memory import MemoryBroker
from slipway.messaging.messages import (
    Action,
    Beat,
    BeatAnswer,
    BeatVerdict,
    Chart,
    Claim,
    ClaimAnswer,
    ClaimVerdict,
    Command,
    JobVerdict,
    Report,
    Sealed,
    encode,
)
from slipway_executor.cluster.memory import MemoryCluster
from slipway_executor.helm.memory import MemoryHelm
from slipway_executor.reconcile.loop import Reconciler
from slipway_executor.sealing import Keyring
from slipway_executor.worker import Worker

READY = {
    "apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "web", "generation": 1}, "spec": {"replicas": 1},
    "status": {"observedGeneration": 1, "replicas": 1, "updatedReplicas": 1, "availableReplicas": 1, "readyReplicas": 1},
}  # fmt: skip
UNREADY = {**READY, "status": {"observedGeneration": 1}}


KEYRING = Keyring(bytes(range(32)))
BOX = SealedBox(PublicKey(base64.b64decode(KEYRING.public_key)))


class Charts:
    def __init__(self) -> None:
        self.failure: Exception | None = None
        self.built_in = ""
        self.gate = asyncio.Event()
        self.gate.set()

    async def path(self, chart: Chart, registries: tuple[Sealed, ...] = ()) -> Path:
        await self.gate.wait()
        if self.failure:
            raise self.failure
        return Path("chart.tgz")

    async def content(self, chart: Chart) -> str:
        return self.built_in


class World:
    def __init__(self, broker: MemoryBroker) -> None:
        self.broker = broker
        self.cluster = MemoryCluster()
        self.cluster.rendered = [READY]
        self.cluster.objects = [READY]
        self.helm = MemoryHelm(self.cluster)
        self.charts = Charts()
        self.clock = ManualClock()
        self.verdict: ClaimVerdict | None = ClaimVerdict.RUN
        self.claims: list[Claim] = []
        self.unheard = 0
        """The answers to so many of the first claims are lost."""
        self.beat_verdict = BeatVerdict.OK
        self.beats = 0
        self.reserved: list[Usage] = []
        self.beyond: Exception | None = None
        self.worker = self.new_worker()

    def new_worker(self) -> Worker:
        """Return the worker of a process that was just started."""
        reconciler = Reconciler(self.cluster, self.helm, self.charts, KEYRING, self.clock, self.reserve)
        return Worker(self.broker, self.cluster, reconciler, self.clock, name="local", instance="e1", slots=2)

    async def reserve(self, command: Command, usage: Usage) -> None:
        if self.beyond:
            raise self.beyond
        self.reserved.append(usage)

    async def claim(self, subject: str, request: bytes) -> bytes | None:
        self.claims.append(msgspec.json.decode(request, type=Claim))
        if self.verdict is None or len(self.claims) <= self.unheard:
            return None
        return encode(ClaimAnswer(verdict=self.verdict))

    async def beat(self, subject: str, request: bytes) -> bytes | None:
        self.beats += 1
        beat = msgspec.json.decode(request, type=Beat)
        verdicts = [JobVerdict(job=each.job, fence=each.fence, verdict=self.beat_verdict) for each in beat.jobs]
        return encode(BeatAnswer(jobs=tuple(verdicts)))

    async def send(self, *, fence: int = 1, deployment: UUID | None = None, name: str = "n", **fields: Any) -> Command:
        command = Command(
            job=new_id(), fence=fence, generation=1, attempt=0, reason="create", action=fields.pop("action", Action.APPLY),
            cluster="local", installation=UUID(int=1), deployment=deployment or new_id(), owner=new_id(), namespace=name, release=name,
            chart=Chart(builtin="web-service"), digest=fields.pop("digest", "d" * 40), **fields,
        )  # fmt: skip
        await self.broker.publish(subjects.jobs("local"), encode(command), message_id=f"{command.job}:{fence}")
        return command

    async def pull(self) -> None:
        await self.worker.pull_once()
        await settle(200)

    async def reports(self) -> list[Report]:
        await settle(100)
        found = await self.broker.fetch(subjects.REPORTS_STREAM, "projector", batch=50, timeout=0.02)
        return [msgspec.json.decode(each.data, type=Report) for each in found]

    async def outcomes(self) -> list[Outcome]:
        return [report.outcome for report in await self.reports()]
