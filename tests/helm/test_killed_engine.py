"""The engine alone is killed between any two of its writes: the next try of the job repairs what it left."""

from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any, cast

import msgspec
import pytest

from slipway.clock import SystemClock
from slipway.dev.build import Binaries
from slipway.domain.failures import FailureClass
from slipway.domain.outcomes import Outcome
from slipway.domain.revisions import GoodRevision
from slipway.identity import new_id
from slipway.messaging.messages import Action, Chart, Command, Sealed
from slipway_executor.cluster.port import ADOPTED_ANNOTATION, DEPLOYMENT_LABEL, INSTALLATION_LABEL
from slipway_executor.cluster.real import KubernetesCluster
from slipway_executor.control import Control
from slipway_executor.helm.engine.adapter import HelmEngine, engine_helm
from slipway_executor.helm.port import Helm
from slipway_executor.reconcile.loop import End, Reconciler
from slipway_executor.sealing import Keyring
from tests.helm import charts
from tests.helm.between import Between, standing
from tests.helm.charts import config_map
from tests.helm.place import Place

pytestmark = pytest.mark.servers

Objects = dict[str, dict[str, str]]
HOOK = config_map("hook", annotations='{helm.sh/hook: "pre-install,pre-upgrade,pre-rollback,pre-delete"}')
FIRST = HOOK + config_map("old") + config_map("settings", data="{colour: blue}")
SECOND = HOOK + config_map("new") + config_map("settings", data="{colour: red}")
REFUSED = SECOND + config_map("zone_without_a_valid_name")
BLUE: Objects = {"hook": {}, "old": {}, "settings": {"colour": "blue"}}
RED: Objects = {"hook": {}, "new": {}, "settings": {"colour": "red"}}


class Case(msgspec.Struct, frozen=True, kw_only=True):
    """What is asked: of nothing, of a release's first revision, or of both; and what is there in the end."""

    operation: str
    """Of Helm's port: where the engine dies."""
    template: str
    ends: tuple[Outcome, FailureClass | None]
    left: Objects
    serving: list[str] = []
    """Digest of the revision that is deployed in the end, the newest one."""


CASES = {
    "install": Case(operation="apply", template=FIRST, ends=(Outcome.DONE, None), left=BLUE, serving=["1" * 40]),
    "upgrade": Case(operation="apply", template=SECOND, ends=(Outcome.DONE, None), left=RED, serving=["2" * 40]),
    "rollback": Case(
        operation="roll_back", template=REFUSED, ends=(Outcome.FAILED, FailureClass.TERMINAL), left=BLUE, serving=["1" * 40]
    ),
    "uninstall": Case(operation="uninstall", template="", ends=(Outcome.DONE, None), left={"hook": {}}),
}  # fmt: skip


class AsTold:
    """The engine, which tells before one of its operations."""

    def __init__(self, engine: HelmEngine, operation: str, tell: Callable[[], None]) -> None:
        self._engine = engine
        self._operation = operation
        self._tell = tell

    def __getattr__(self, name: str) -> Any:
        if name == self._operation:
            self._tell()
        return getattr(self._engine, name)


class Charts:
    """Every command has the same chart."""

    def __init__(self, path: Path) -> None:
        self._path = path

    async def path(self, chart: Chart, registries: tuple[Sealed, ...] = ()) -> Path:
        return self._path

    async def content(self, chart: Chart) -> str:
        return ""


class World:
    """An executor's reconciler on a real control plane, whose engine reaches that through `between`."""

    def __init__(self, engine: HelmEngine, between: Between, cluster: KubernetesCluster, folder: Path) -> None:
        self._engine = engine
        self._between = between
        self._cluster = cluster
        self._folder = folder

    async def killed(self, case: Case, place: Place, *, after: int) -> tuple[bool, End]:
        """Run the case's job with an engine that dies after so many writes; then once more, if it died."""
        wanted = await self._prepared(case, place)

        def arm() -> None:
            self._between.kill(self._engine, after=after)

        first = await self._run(wanted, case.template, cast("Helm", AsTold(self._engine, case.operation, arm)))
        if self._between.spare():
            return False, first
        assert first.failure is not None, f"killed after {after} writes, and all seems well"
        assert first.failure.failure_class is FailureClass.TRANSIENT, (after, first.failure)
        return True, await self._run(msgspec.structs.replace(wanted, fence=4), case.template, self._engine)

    async def _prepared(self, case: Case, place: Place) -> Command:
        """Return the command for a namespace that was adopted: it stays, with whatever Helm has left in it."""
        command = Command(
            job=new_id(), fence=1, generation=1, attempt=0, reason="create", action=Action.APPLY, cluster="local",
            installation=new_id(), deployment=new_id(), owner=new_id(), namespace=place.namespace,
            release=charts.RELEASE, chart=Chart(builtin="any"), digest="1" * 40, health_timeout_sec=60,
        )  # fmt: skip
        labels = {INSTALLATION_LABEL: str(command.installation), DEPLOYMENT_LABEL: str(command.deployment)}
        await self._cluster.mark_namespace(place.namespace, labels=labels, annotations={ADOPTED_ANNOTATION: "true"})
        if case is CASES["install"]:
            return command
        await self._done(command, FIRST)
        good = GoodRevision(revision=1, generation=1, digest=command.digest)
        second = msgspec.structs.replace(command, fence=2, generation=2, digest="2" * 40, good=good)
        if case.template:
            return second
        await self._done(second, SECOND)
        return msgspec.structs.replace(second, fence=3, action=Action.DELETE, chart=None)

    async def _done(self, command: Command, template: str) -> None:
        end = await self._run(command, template, self._engine)
        assert end.outcome is Outcome.DONE, end.failure

    async def _run(self, command: Command, template: str, helm: Helm) -> End:
        async def nothing(*_: object) -> None: ...

        chart = charts.packed(self._folder, {"templates/all.yaml": template})
        reconciler = Reconciler(self._cluster, helm, Charts(chart), Keyring(bytes(32)), SystemClock(), nothing)
        given = await reconciler.inputs(command)
        return await reconciler.run(command, given, charts.within(300), Control(), nothing)


@pytest.fixture
async def world(
    binaries: Binaries, kubeconfig: Path, cluster: KubernetesCluster, tmp_path: Path
) -> AsyncIterator[World]:
    async with standing(binaries, kubeconfig, tmp_path) as (config, between):
        engine = engine_helm(str(binaries.helm_engine), kubeconfig=str(config), work=tmp_path, idle=1, qps=100)
        yield World(engine, between, cluster, tmp_path)
        await engine.close()


@pytest.mark.parametrize("name", CASES)
async def test_killed_between_any_two_writes(
    name: str, world: World, binaries: Binaries, kubeconfig: Path, cluster: KubernetesCluster
):
    """Row 6: from before its first write to after its last one. What was written is all that a dead engine leaves."""
    case, after, killed = CASES[name], 0, True
    while killed:
        place = await Place.make(binaries, kubeconfig, cluster)
        killed, end = await world.killed(case, place, after=after)
        assert (end.outcome, end.failure and end.failure.failure_class) == case.ends, (after, end)
        assert {item["metadata"]["name"]: item.get("data", {}) for item in await place.objects()} == case.left, after
        records = [each["secret_labels"] for each in await place.releases()]
        serving = [each["slipway-digest"] for each in records if each["status"] == "deployed"]
        assert serving == [each["slipway-digest"] for each in records[-1:]] == case.serving, after
        after += 1
    assert after > 5, "it was killed at each of so many writes"
