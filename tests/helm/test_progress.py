"""How far the engine says that an operation is: what was applied of what, which hook is waited for, what is removed."""

from itertools import groupby, pairwise
from pathlib import Path

import msgspec
import pytest

from slipway.dev.build import Binaries
from slipway_executor.helm.engine.adapter import HelmEngine, engine_helm
from slipway_executor.helm.engine.protocol import Answer, Message, Operation, Progress
from tests.helm import charts
from tests.helm.charts import config_map
from tests.helm.place import Place

pytestmark = pytest.mark.servers

MANY = 60
HOOK = config_map("gate", annotations="{helm.sh/hook: pre-install}")
ALL = f"{HOOK}{{{{ range until {MANY} }}}}{config_map('many-{{ . }}')}{{{{ end }}}}"


async def test_it_tells_what_it_does_and_how_far_it_is(
    binaries: Binaries, kubeconfig: Path, place: Place, tmp_path: Path
):
    """It sends few requests a second here, and a report each second: some come while objects are applied."""
    helm = engine_helm(str(binaries.helm_engine), kubeconfig=str(kubeconfig), work=tmp_path, idle=1, qps=20)
    release = charts.release(charts.packed(tmp_path, {"templates/all.yaml": ALL}), place.namespace)
    try:
        told = await reports(helm, helm._operation("apply", release, labels=release.labels))
        removing = await reports(helm, helm._operation("uninstall", release))
    finally:
        await helm.close()
    assert [words for words, _ in groupby(_kind(each) for each in told)] == [
        "rendering", "removing", "applying 1", "waiting for hook ConfigMap/gate", "recording", f"applying {MANY}",
    ]  # fmt: skip
    applied = [each.applied for each in told if each.total == MANY]
    assert applied[0] == 0
    assert all(before <= after <= MANY for before, after in pairwise(applied))
    assert any(0 < each < MANY for each in applied)
    assert told[-1].words() == f"{applied[-1]} of {MANY} objects were applied"
    assert _kind(removing[-1]) == "removing"


async def reports(helm: HelmEngine, operation: Operation) -> list[Progress]:
    """Have an operation done that works; return what was told meanwhile."""
    found: list[Progress] = []
    async with helm._pool.one() as child:
        await child._send(Message(deadline=charts.within().at, operation=operation))
        assert child._process.stdout is not None
        while True:
            answer = msgspec.json.decode(await child._process.stdout.readline(), type=Answer)
            if answer.outcome:
                assert not answer.outcome.error
                return found
            assert answer.progress is not None
            found.append(answer.progress)


def _kind(told: Progress) -> str:
    return f"applying {told.total}" if told.phase == "applying" else told.words()
