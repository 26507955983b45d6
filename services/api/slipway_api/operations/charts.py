"""Charts before they are published: kept when uploaded, and opened by an executor, never here."""

import hashlib

import msgspec

from slipway.database.engine import WriteSession
from slipway.database.queries import archives, clusters, outbox, registries
from slipway.domain.charts import DIGEST, InvalidChartRef, parse_chart_ref
from slipway.domain.events import EventType
from slipway.domain.values import Problem
from slipway.messaging.messages import PIECE_BYTES, ArchivePiece, Chart, Sealed
from slipway.messaging.queries import INSPECT, InspectChart, InspectedChart
from slipway_api.accepting import actor
from slipway_api.auth.gate import Caller
from slipway_api.deps import Deps
from slipway_api.operations import asking
from slipway_api.problems import ApiError, invalid
from slipway_api.schemas.charts import ChartInspect, ChartRead
from slipway_api.turns import RETRY_SEC

ARCHIVE_LIMIT = 20 * 1024 * 1024
"""As for those that executors fetch."""
TIMEOUT_SEC = 30.0
GZIP = b"\x1f\x8b"


def check_archive(content: bytes) -> str:
    """Return the archive's digest; 422 when it cannot be one."""
    if not content.startswith(GZIP):
        raise invalid("", "send a chart as `helm package` makes it: a .tgz, as it is")
    return f"sha256:{hashlib.sha256(content).hexdigest()}"


async def keep(session: WriteSession, caller: Caller, digest: str, content: bytes) -> None:
    """Keep an archive in pieces, as executors do, and its event; one that is kept already stays."""
    pieces = [b"", *(content[at : at + PIECE_BYTES] for at in range(0, len(content), PIECE_BYTES))]
    for number, piece in enumerate(pieces):
        await archives.keep_uploaded(
            session, ArchivePiece(digest=digest, number=number, total=len(pieces), content=piece)
        )
    data = {"digest": digest, "size": len(content)}
    await outbox.record(session, EventType.CHART_UPLOADED, actor=actor(caller), data=data, subject=f"charts/{digest}")


async def of_registry(deps: Deps, caller: Caller, body: ChartInspect) -> ChartRead:
    """Return what a chart in a registry says of itself."""
    found: list[Problem] = []
    plain_http = False
    try:
        plain_http = parse_chart_ref(body.chart_ref, deps.registries).plain_http
    except InvalidChartRef as error:
        found.append(Problem(pointer="/chart_ref", message=str(error)))
    if not 0 < len(body.chart_version) <= 100:
        found.append(Problem(pointer="/chart_version", message="has 1 to 100 characters"))
    if body.chart_digest is not None and not DIGEST.match(body.chart_digest):
        found.append(Problem(pointer="/chart_digest", message="is sha256: and 64 hex digits"))
    if found:
        raise ApiError("invalid", errors=found)
    chart = Chart(ref=body.chart_ref, version=body.chart_version, digest=body.chart_digest, plain_http=plain_http)
    return await opened(deps, caller, chart, pointer="/chart_ref")


async def readers(deps: Deps) -> tuple[str, tuple[Sealed, ...]]:
    """Return the cluster whose executors read charts that no deployment has yet, and the logins that they can open."""
    async with deps.database.reading() as session:
        cluster = await clusters.to_ask(session)
        if cluster is None:
            raise ApiError("unavailable", "there is no cluster: register one first", retry_after=RETRY_SEC)
        logins = await registries.credentials(session, cluster)
    return cluster, tuple(Sealed(name=each.name, ciphertext=each.ciphertext) for each in logins)


async def opened(deps: Deps, caller: Caller, chart: Chart, *, pointer: str) -> ChartRead:
    """Return what an executor reads in a chart; 422 at the pointer when it cannot be used."""
    cluster, logins = await readers(deps)
    question = InspectChart(chart=chart, registries=logins)
    found = await asking.ask(deps, cluster, INSPECT, question, InspectedChart, who=caller.id, timeout=TIMEOUT_SEC)
    if found.failure is not None or found.digest is None:
        raise invalid(pointer, found.failure.reason if found.failure else "the chart cannot be read")
    told = msgspec.structs.asdict(found)
    return ChartRead(
        chart_digest=found.digest, chart_version=found.version,
        **{name: told[name] for name in ("name", "app_version", "description", "values", "values_schema")},
    )  # fmt: skip
