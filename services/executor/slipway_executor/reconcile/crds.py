"""The definitions in a chart's `crds` folder, for templates that may install them. They are never removed."""

import asyncio
import tarfile
from collections.abc import Iterator
from pathlib import Path, PurePosixPath

from slipway.clock import Clock
from slipway_executor.cluster.port import Cluster, Object
from slipway_executor.cluster.releases import objects_of
from slipway_executor.cluster.users import TRUSTED
from slipway_executor.failing import transient
from slipway_executor.reconcile.tenant import MANAGER

KIND = "CustomResourceDefinition"
WITHIN_SEC = 30.0
LOOK_SEC = 0.1
FILE_LIMIT = 8 * 1024 * 1024


async def install(cluster: Cluster, clock: Clock, chart: Path) -> None:
    """Apply the definitions and wait until the API server serves them."""
    for item in await asyncio.to_thread(lambda: list(definitions(chart))):
        await cluster.apply(item, "", manager=MANAGER, as_user=TRUSTED)
        until = clock.monotonic() + WITHIN_SEC
        while not _established(await cluster.find(item, "")):
            if clock.monotonic() >= until:
                name = item["metadata"]["name"]
                raise transient("crd_not_served", f"the cluster does not serve {name} yet", changed=True)
            await clock.sleep(LOOK_SEC)


def definitions(chart: Path) -> Iterator[Object]:
    """Yield the definitions of a chart and its subcharts: from an archive that was checked, or from a folder."""
    for text in _texts(chart):
        yield from (item for item in objects_of(text) if item["kind"] == KIND)


def _texts(chart: Path) -> Iterator[str]:
    if chart.is_dir():
        for path in sorted(chart.glob("**/crds/**/*.y*ml")):
            yield path.read_text()
        return
    with tarfile.open(chart) as archive:
        for member in archive:
            path = PurePosixPath(member.name)
            if member.isfile() and "crds" in path.parts[:-1] and path.suffix in (".yaml", ".yml"):
                content = archive.extractfile(member)
                if content and member.size <= FILE_LIMIT:
                    yield content.read().decode(errors="replace")


def _established(found: Object | None) -> bool:
    conditions = (found or {}).get("status", {}).get("conditions") or []  # null at first
    return any(each["type"] == "Established" and each["status"] == "True" for each in conditions)
