"""What a change would do: rendered, and dry-run by the API server where the namespace exists. Nothing is written."""

import asyncio
from collections.abc import Sequence
from pathlib import Path

from slipway.messaging.queries import FieldChange, ObjectChange, ObjectName, PreviewedRelease, PreviewRelease
from slipway_executor.charts.store import ChartStore
from slipway_executor.cluster.port import UNKNOWN_KIND, Cluster, Object
from slipway_executor.failing import OperationFailed
from slipway_executor.helm.port import Helm, Release, Rendered
from slipway_executor.insight.needs import needs
from slipway_executor.insight.places import own_namespace
from slipway_executor.masking import Masker
from slipway_executor.reconcile import inputs
from slipway_executor.reconcile.comparing import judged
from slipway_executor.reconcile.differences import changes
from slipway_executor.reconcile.marks import marked
from slipway_executor.reconcile.usage import asked_for
from slipway_executor.sealing import Keyring

AT_ONCE = 8
MOST = 500
"""Fields that are shown of one object; more help nobody."""


class Previewing:
    def __init__(self, cluster: Cluster, helm: Helm, charts: ChartStore, keyring: Keyring) -> None:
        self._cluster = cluster
        self._helm = helm
        self._charts = charts
        self._keyring = keyring

    async def __call__(self, asked: PreviewRelease) -> PreviewedRelease:
        chart: Path = await self._charts.path(asked.chart, asked.registries)
        release, masker = inputs.of_preview(asked, chart, self._keyring)
        try:
            return await self._preview(asked, release, masker)
        except OperationFailed as error:
            raise OperationFailed(masker.failure(error.failure)) from None

    async def _preview(self, asked: PreviewRelease, release: Release, masker: Masker) -> PreviewedRelease:
        place = asked.place
        namespace = await own_namespace(self._cluster, place)
        prepared = namespace is not None and namespace.open
        rendered, on_server = await self._render(release, on_server=prepared, brings_kinds=asked.allow.crds)
        again, _ = await self._render(release, on_server=on_server, brings_kinds=asked.allow.crds)
        before = await self._serving(place.namespace, place.release) if prepared else []
        present = {_key(item) for item in before}
        added = [item for item in rendered.objects if _key(item) not in present]
        kept = [item for item in rendered.objects if _key(item) in present]
        wanted = {_key(item) for item in rendered.objects}
        tried = await self._try(added, release) if prepared else []
        after = await self._dry_runs(kept, release)
        return PreviewedRelease(
            added=[_name(item) for item in added],
            changed=await self._changed(kept, after, before, release, masker),
            removed=[_name(item) for item in before if _key(item) not in wanted],
            usage=asked_for(rendered.objects),
            mark=self._mark(rendered, again) if on_server else None,
            dry_run=prepared and None not in [*tried, *after],
            empties=bool(before) and not rendered.objects,
        )

    async def _render(self, release: Release, *, on_server: bool, brings_kinds: bool) -> tuple[Rendered, bool]:
        """Render, and tell whether the server was asked: of kinds that the chart brings along it knows nothing yet."""
        try:
            return await self._helm.render(release, on_server=on_server), on_server
        except OperationFailed as error:
            if not brings_kinds or error.failure.code != UNKNOWN_KIND:
                raise
        return await self._helm.render(release, on_server=False), False

    async def _try(self, added: Sequence[Object], release: Release) -> list[Object | None]:
        """Have the server judge what would be new, except what needs something else that is not there yet."""
        new = {_key(item) for item in added}
        whole = [item for item in added if not needs(item) & new]
        return await self._dry_runs(whole, release)

    async def _dry_runs(self, items: Sequence[Object], release: Release) -> list[Object | None]:
        """Return what each would be on the server; None when it cannot tell."""
        limit = asyncio.Semaphore(AT_ONCE)

        async def look(item: Object) -> Object | None:
            async with limit:
                return await judged(self._cluster, item, release.namespace, release.name, as_user=release.as_user)

        return await asyncio.gather(*(look(item) for item in items))

    def _mark(self, rendered: Rendered, again: Rendered) -> str | None:
        first, second = (marked(self._keyring.mark, each) for each in (rendered, again))
        return first if first == second else None

    async def _serving(self, namespace: str, release: str) -> list[Object]:
        history = await self._cluster.release_history(namespace, release)
        serving = [record for record in history if record.status == "deployed"]
        return await self._cluster.manifest(namespace, release, serving[-1].revision) if serving else []

    async def _changed(
        self,
        items: Sequence[Object],
        after: Sequence[Object | None],
        before: Sequence[Object],
        release: Release,
        masker: Masker,
    ) -> list[ObjectChange]:
        """Return what of the objects would change: the live one against the new one `after` the server's dry run.

        What the server did not judge is compared as the chart rendered it before and renders it now.
        """
        limit = asyncio.Semaphore(AT_ONCE)
        stored = {_key(item): item for item in before}

        async def look(item: Object, wanted: Object | None) -> ObjectChange | None:
            async with limit:
                live = await self._cluster.find(item, release.namespace)
            old = stored[_key(item)]
            found = changes(live or {}, wanted) if wanted else changes(old, item)
            found = _without_unset(found, old, item)
            shown = [_masked(change, masker) for change in found[:MOST]]
            name = _name(item)
            return ObjectChange(api_version=name.api_version, kind=name.kind, name=name.name, fields=shown)

        found = await asyncio.gather(*map(look, items, after))
        return [each for each in found if each and each.fields]


def _without_unset(found: list[FieldChange], stored: Object, item: Object) -> list[FieldChange]:
    """Add fields that the new object has no more: a dry run that applies it shows their removal only when helm owns them."""
    shown = {change.pointer for change in found}
    gone = [change for change in changes(stored, item) if change.after is None and change.pointer not in shown]
    return [*found, *gone]


def _masked(change: FieldChange, masker: Masker) -> FieldChange:
    return FieldChange(pointer=change.pointer, before=masker.texts(change.before), after=masker.texts(change.after))


def _key(item: Object) -> tuple[str, str]:
    return item["kind"], item["metadata"]["name"]


def _name(item: Object) -> ObjectName:
    return ObjectName(api_version=item["apiVersion"], kind=item["kind"], name=item["metadata"]["name"])
