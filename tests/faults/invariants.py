"""What holds after every fault, whatever it was: read from PostgreSQL, the event stream, the cluster and the API."""

import json
from collections import Counter
from collections.abc import Mapping
from typing import Any

import asyncpg
import msgspec

from slipway.client.http import Refused, SlipwayClient
from slipway.dev.stack import Stack
from slipway.domain.events import CloudEvent
from slipway.identity import new_id
from slipway.messaging import subjects
from slipway.messaging.jetstream import JetStreamBroker
from tests.e2e.watching import Watcher, eventually

OWNERLESS_SEC = 75
"""Claim or beat time (30) and the sweep's interval (5), the time for which a new scheduler trusts no silence (30), and 10."""

_STUCK = """
    SELECT d.release_name, d.status FROM deployment d
    WHERE d.status IN ('pending', 'provisioning', 'upgrading', 'deleting') AND NOT (d.suspended AND d.status <> 'deleting')
      AND NOT EXISTS (SELECT FROM deployment_reconcile_job j
                      WHERE j.deployment_id = d.id AND j.status IN ('delayed', 'queued', 'leased', 'running'))
"""
_NOT_WHAT_IS_WANTED = """
    SELECT d.release_name, d.status, d.generation, d.applied_generation FROM deployment d
    WHERE d.status = 'ready' AND NOT d.suspended AND d.applied_generation IS DISTINCT FROM d.generation
      AND d.hold_generation IS DISTINCT FROM d.generation
"""
_UNEXPLAINED = """
    SELECT d.release_name FROM deployment d
    WHERE d.status = 'error' AND (d.last_error IS NULL OR d.failure_class IS NULL OR (
        d.hold_generation IS DISTINCT FROM d.generation
        AND NOT EXISTS (SELECT FROM deployment_reconcile_job j WHERE j.deployment_id = d.id
                        AND j.status IN ('delayed', 'queued', 'leased', 'running'))))
"""
_OWNERLESS = f"""
    SELECT j.id, j.status FROM deployment_reconcile_job j LEFT JOIN job_lease l ON l.job_id = j.id AND l.fence = j.fence
    WHERE (j.status = 'leased' AND j.locked_at < now() - interval '{OWNERLESS_SEC} seconds')
       OR (j.status = 'running' AND coalesce(l.beat_at, j.claimed_at) < now() - interval '{OWNERLESS_SEC} seconds')
"""
_TWO_CLAIMANTS = """
    SELECT data_json ->> 'job' AS job, data_json ->> 'fence' AS fence, count(*) FROM outbox_event
    WHERE type = 'dev.slipway.deployment.started.v1' GROUP BY 1, 2 HAVING count(*) > 1
"""
_TWO_ENDS = """
    SELECT data_json ->> 'job' AS job, data_json ->> 'fence' AS fence, count(*) FROM outbox_event
    WHERE type IN ('dev.slipway.deployment.ready.v1', 'dev.slipway.deployment.failed.v1', 'dev.slipway.deployment.deleted.v1')
      AND data_json ->> 'fence' IS NOT NULL AND data_json -> 'timings_ms' IS NOT NULL
    GROUP BY 1, 2 HAVING count(*) > 1
"""
_LATE_REPORTS = """
    SELECT r.job_id, r.fence, max(r.seq) AS applied, j.seq FROM report_record r
    JOIN deployment_reconcile_job j ON j.id = r.job_id AND j.fence = r.fence
    WHERE r.applied GROUP BY 1, 2, j.seq HAVING max(r.seq) <> j.seq
"""
_SEQUENCES = """
    SELECT d.release_name, d.event_seq, count(o.id) FROM deployment d LEFT JOIN outbox_event o ON o.deployment_id = d.id
    GROUP BY d.id HAVING d.event_seq <> count(o.id) OR d.event_seq <> coalesce(max(o.deployment_seq), 0)
"""
_NOT_EMPTY = {
    "neither ended nor in anybody's hands": _STUCK,
    "ready, but not with what is wanted": _NOT_WHAT_IS_WANTED,
    "in error without a reason, a hold or a retry": _UNEXPLAINED,
    "without an owner for too long": _OWNERLESS,
    "a fence with two claimants": _TWO_CLAIMANTS,
    "a job that ended twice under one fence": _TWO_ENDS,
    "a job whose newest report is not the newest applied": _LATE_REPORTS,
    "a deployment whose events have a gap": _SEQUENCES,
}


async def settled(database: asyncpg.Connection, within: float = 240.0) -> None:
    """Wait until no job waits or runs, those of suspended deployments aside, and every event has its position."""

    async def look() -> bool | None:
        busy = await database.fetchval(
            "SELECT count(*) FROM deployment_reconcile_job j JOIN deployment d ON d.id = j.deployment_id"
            " WHERE j.status IN ('delayed', 'queued', 'leased', 'running') AND NOT (d.suspended AND j.reason <> 'delete')"
        )
        unstamped = await database.fetchval("SELECT count(*) FROM outbox_event WHERE pos IS NULL")
        return True if not busy and not unstamped else None

    await eventually(look, "every job has ended", within)


async def check(stack: Stack, token: str, accepted: Mapping[str, int]) -> None:
    """Raise AssertionError with every invariant that does not hold. `accepted`: generation that was answered, by id.

    `token` is an admin's.
    """
    database = await asyncpg.connect(stack.database_url)
    try:
        await settled(database)
        found = [
            f"{what}: {[dict(row) for row in rows][:5]}"
            for what, statement in _NOT_EMPTY.items()
            if (rows := await database.fetch(statement))
        ]
        found += await _lost(database, accepted)
        found += await _feed(stack, database)
        found += await _releases(stack, database)
        found += await _strangers(stack, token, accepted)
    finally:
        await database.close()
    assert not found, "\n".join(found)


async def _lost(database: asyncpg.Connection, accepted: Mapping[str, int]) -> list[str]:
    """No answered 2xx is lost."""
    rows = await database.fetch("SELECT id::text, generation FROM deployment")
    stored = {row["id"]: row["generation"] for row in rows}
    return [
        f"answered, but lost: {each} at generation {generation}, stored {stored.get(each)}"
        for each, generation in accepted.items()
        if stored.get(each, 0) < generation
    ]


async def _feed(stack: Stack, database: asyncpg.Connection) -> list[str]:
    """Positions have no gap, and the stream has exactly what the table has, in its order."""
    rows = await database.fetch("SELECT epoch, pos, event_id::text FROM outbox_event ORDER BY epoch, pos")
    found: list[str] = []
    last = await database.fetchval("SELECT pos FROM feed")
    if [row["pos"] for row in rows] != list(range(1, len(rows) + 1)) or last != len(rows):
        found.append(f"positions have a gap: {len(rows)} events, the last position is {last}")
    table = [(row["epoch"], row["pos"], row["event_id"]) for row in rows]
    broker = JetStreamBroker(stack.nats_url, name="invariants", ca=stack.nats_ca)
    try:
        await broker.wait_connected()
        stream: list[tuple[int, int, str]] = []

        async def same() -> bool | None:
            stream[:] = await _stream(broker)
            return len(stream) >= len(table) or None

        await eventually(same, "the stream has every event", 30.0)
    finally:
        await broker.close()
    if stream != table:
        odd = [pair for pair in zip(stream, table, strict=False) if pair[0] != pair[1]][:3]
        found.append(f"the stream has {len(stream)} events and the table {len(table)}; first differences: {odd}")
    return found


async def _stream(broker: JetStreamBroker) -> list[tuple[int, int, str]]:
    last = (await broker.last_message(subjects.EVENTS_STREAM)).sequence
    found: list[tuple[int, int, str]] = []
    if not last:
        return found
    async for delivery in broker.read_stream(subjects.EVENTS_STREAM, start_sequence=1):
        event = msgspec.json.decode(delivery.data, type=CloudEvent)
        found.append((event.slipwayepoch, event.slipwaypos, event.id))
        if delivery.sequence >= last:
            break
    return found


async def _releases(stack: Stack, database: asyncpg.Connection) -> list[str]:
    """What serves is the applied revision by its digest; fences never go back from one revision to the next."""
    rows = await database.fetch(
        "SELECT d.namespace_name, d.status, d.deleted_at IS NOT NULL AS deleted, d.applied_generation, r.revision, r.digest"
        " FROM deployment d LEFT JOIN LATERAL (SELECT revision, digest FROM deployment_revision r"
        " WHERE r.deployment_id = d.id AND r.generation = d.applied_generation ORDER BY revision DESC LIMIT 1) r ON true"
    )
    records = await _records(stack)
    found: list[str] = []
    for row in rows:
        name = row["namespace_name"]
        history = sorted(records.get(name, []), key=lambda labels: int(labels["version"]))
        serving = [labels for labels in history if labels["status"] == "deployed"]
        if row["deleted"] and history:
            found.append(f"{name} is deleted, and has a release")
        fences = [int(labels["slipway-fence"]) for labels in history if "slipway-fence" in labels]
        if fences != sorted(fences):
            found.append(f"{name}: an older fence wrote after a newer one: {fences}")
        if row["status"] == "ready" and (not serving or serving[-1].get("slipway-digest") != row["digest"]):
            found.append(f"{name} is ready, and its release is another: {serving[-1:]} for {dict(row)}")
        if [labels for labels in history if labels["status"].startswith("pending")] and row["status"] == "ready":
            found.append(f"{name} is ready, and a revision is pending")
    return found


async def _records(stack: Stack) -> dict[str, list[dict[str, str]]]:
    """Return the labels of every release Secret by namespace."""
    async with SlipwayClient(stack.api_url) as client:
        shown = await Watcher(stack, client).run(
            "kubectl", "get", "secrets", "-A", "-l", "owner=helm",
            "-o", 'jsonpath={range .items[*]}{.metadata.namespace} {.metadata.labels}{"\\n"}{end}',
        )  # fmt: skip
    found: dict[str, list[dict[str, str]]] = {}
    for line in shown.splitlines():
        namespace, _, labels = line.partition(" ")
        found.setdefault(namespace, []).append(json.loads(labels))
    return found


async def _strangers(stack: Stack, token: str, accepted: Mapping[str, int]) -> list[str]:
    """No user sees another's rows."""
    email, password = f"stranger-{new_id().hex[-12:]}@example.org", "a long enough password 1"
    async with SlipwayClient(stack.api_url, token=token) as admin, SlipwayClient(stack.api_url) as stranger:
        await admin.post("/users", {"email": email, "password": password})
        await stranger.login(email, password)
        seen: list[Any] = (await stranger.get("/deployments"))["items"]
        found = [f"a stranger sees {len(seen)} deployments"] if seen else []
        codes: Counter[str] = Counter()
        for each in list(accepted)[:3]:
            try:
                await stranger.get(f"/deployments/{each}")
                found.append(f"a stranger reads deployment {each}")
            except Refused as refused:
                codes[refused.code] += 1
    return found + [f"a stranger is told {code}" for code in codes if code != "not_found"]
