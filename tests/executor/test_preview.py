"""Previews over Helm and a cluster in memory: what they show, what they keep to themselves, and what is promised by them."""

import base64
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from nacl.public import PublicKey, SealedBox

from slipway.domain.charts import Allowances, SecretField
from slipway.identity import new_id
from slipway.messaging.messages import Chart, Sealed, encode
from slipway.messaging.queries import Place, PreviewedRelease, PreviewRelease
from slipway_executor.cluster.memory import MemoryCluster
from slipway_executor.cluster.port import NO_DRY_RUN, Namespace, Object, ReleaseRecord
from slipway_executor.failing import OperationFailed, terminal
from slipway_executor.helm.memory import MemoryHelm
from slipway_executor.helm.port import Release, Rendered
from slipway_executor.insight.needs import needs
from slipway_executor.insight.preview import Previewing
from slipway_executor.masking import HIDDEN
from slipway_executor.sealing import Keyring

SECRET = "correct-horse-battery"
RING = Keyring(bytes(range(32)))
PLACE = Place(installation=UUID(int=1), deployment=UUID(int=2), namespace="n", release="n")


class Charts:
    async def path(self, chart: Chart, registries: tuple[Sealed, ...] = ()) -> Path:
        return Path("chart.tgz")


class Rendering(MemoryHelm):
    """Renders what the values say; `objects` is told the password that the chart was given."""

    def __init__(self, cluster: MemoryCluster) -> None:
        super().__init__(cluster)
        self.numbered = False
        self.more: list[Object] = []
        self.unknown_on_server = False
        self._times = 0

    def objects(self, password: str) -> list[Object]:
        """Return what a chart makes that writes its secret where it should not."""
        self._times += self.numbered
        return [
            config("settings", {"url": f"postgres://me:{password}@db", "colour": "red", "time": str(self._times)}),
            {
                **config("login", {}),
                "kind": "Secret",
                "data": {"password": base64.b64encode(password.encode()).decode()},
            },
        ]

    async def render(self, release: Release, *, on_server: bool) -> Rendered:
        if self.failure:
            raise self.failure
        if on_server and self.unknown_on_server:
            raise terminal("unknown_kind", "unknown")
        return Rendered(objects=(*self.objects(release.values.get("password", "none-yet")), *self.more))


def config(name: str, data: dict[str, str]) -> Object:
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": name}, "data": data}


class World:
    """A release that serves, made with another password than the one that is asked for."""

    def __init__(self) -> None:
        self.cluster = MemoryCluster()
        self.helm = Rendering(self.cluster)
        self.cluster.namespaces["n"] = Namespace(
            name="n", uid="u", installation=str(PLACE.installation), deployment=str(PLACE.deployment), tenant="t"
        )
        self.cluster.releases["n", "n"] = [
            ReleaseRecord(revision=1, status="deployed", generation=1, digest="d", fence=1)
        ]
        self.cluster.rendered = self.helm.objects("the-one-before")
        self.cluster.set_objects(*self.cluster.rendered)

    async def preview(self, **fields: Any) -> PreviewedRelease:
        sealed = SealedBox(PublicKey(base64.b64decode(RING.public_key))).encrypt(SECRET.encode())
        asked = PreviewRelease(
            place=PLACE,
            chart=Chart(digest="d"),
            values={},
            secrets=(Sealed(name="/password", ciphertext=base64.b64encode(sealed).decode()),),
            secret_fields={"/password": SecretField(resolve="/password")},
            **fields,
        )
        previewing: Any = Previewing(self.cluster, self.helm, Charts(), RING)  # pyright: ignore[reportArgumentType]
        return await previewing(asked)


@pytest.fixture
def world() -> World:
    return World()


def told(shown: PreviewedRelease) -> dict[str, Any]:
    return {f"{each.name}{field.pointer}": field.after for each in shown.changed for field in each.fields}


async def test_a_secret_is_in_no_field_that_is_shown(world: World):
    """Row 62: neither as the chart writes it into other text, nor as a Secret holds it."""
    shown = await world.preview()
    fields = told(shown)
    assert fields["settings/data/url"] == f"postgres://me:{HIDDEN}@db", "the rest of the text is shown"
    assert fields["login/data/password"] == HIDDEN
    everything = encode(shown).decode()
    assert SECRET not in everything
    assert base64.b64encode(SECRET.encode()).decode() not in everything


async def test_a_secret_is_in_no_reason_for_which_a_preview_fails(world: World):
    """Row 62."""
    world.helm.failure = terminal("values_rejected", f"the chart says: {SECRET} is no password")
    with pytest.raises(OperationFailed) as failed:
        await world.preview()
    assert failed.value.failure.reason == f"the chart says: {HIDDEN} is no password"


async def test_only_a_rendering_that_comes_out_the_same_twice_is_promised(world: World):
    assert (await world.preview()).mark
    world.helm.numbered = True
    assert (await world.preview()).mark is None


ROLE = {"apiVersion": "rbac.authorization.k8s.io/v1", "kind": "Role", "metadata": {"name": "r"}}
BINDING = {**ROLE, "kind": "RoleBinding", "roleRef": {"kind": "Role", "name": "r"}}
POD: Object = {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "p"}, "spec": {"serviceAccountName": "a"}}


@pytest.mark.parametrize(
    ("item", "needed"),
    [
        (ROLE, set()),
        (BINDING, {("Role", "r")}),
        (POD, {("ServiceAccount", "a")}),
        ({**POD, "metadata": {"name": "p", "namespace": "other"}, "spec": {}}, {("Namespace", "other")}),
        ({**POD, "spec": {"priorityClassName": "high"}}, {("PriorityClass", "high")}),
    ],
    ids=["role", "binding", "pod", "place", "priority"],
)
def test_what_an_object_needs(item: Object, needed: set[tuple[str, str]]):
    assert needs(item) == needed


async def test_what_is_added_is_tried_unless_it_needs_what_is_added_too(world: World):
    world.cluster.rendered = []
    world.helm.more = [ROLE, BINDING]
    world.cluster.failures["dry_run"] = terminal("admission_denied", "no")
    with pytest.raises(OperationFailed, match="no"):
        await world.preview()
    world.helm.more = [BINDING]
    del world.cluster.failures["dry_run"]
    world.cluster.calls.clear()
    await world.preview()
    assert world.cluster.calls.count("dry_run") == 3, "its role is there already"
    world.helm.more = [ROLE, BINDING]
    world.cluster.calls.clear()
    await world.preview()
    assert world.cluster.calls.count("dry_run") == 3, "settings, login and the role"


async def test_what_the_server_cannot_dry_run_is_shown_as_the_chart_has_it(world: World):
    """A webhook with side effects is not asked by a dry run: the server answers 400."""
    world.cluster.failures["dry_run"] = terminal(NO_DRY_RUN, 'admission webhook "w" does not support dry run')
    world.helm.more = [ROLE]
    shown = await world.preview()
    assert [each.name for each in shown.added] == ["r"]
    assert told(shown)["settings/data/url"] == f"postgres://me:{HIDDEN}@db"
    assert not shown.dry_run, "nobody judged it"


async def test_a_kind_that_the_chart_brings_along_is_not_refused(world: World):
    world.helm.unknown_on_server = True
    world.helm.more = [{**config("one", {}), "kind": "Boat"}]
    world.cluster.unknown = {"Boat"}
    with pytest.raises(OperationFailed, match="unknown"):
        await world.preview()
    shown = await world.preview(allow=Allowances(crds=True))
    assert [each.kind for each in shown.added] == ["Boat"]
    assert (shown.mark, shown.dry_run) == (None, False), "nothing is promised that the server did not judge"


async def test_nothing_is_written(world: World):
    await world.preview()
    assert {"apply_object", "annotate", "remove", "create_namespace"} & set(world.cluster.calls) == set()


async def test_somebody_elses_namespace_is_not_looked_into(world: World):
    world.cluster.namespaces["n"] = Namespace(
        name="n", uid="u", installation=str(PLACE.installation), deployment=str(new_id())
    )
    with pytest.raises(OperationFailed, match="not made for"):
        await world.preview()
    assert "manifest" not in world.cluster.calls
