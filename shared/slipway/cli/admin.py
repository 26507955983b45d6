"""`slipway admin`: what the platform team does."""

from typing import Annotated
from uuid import UUID

from cyclopts import App, Parameter

from slipway.cli import catalogue, people, registries, rollouts
from slipway.cli.adopting import adopt
from slipway.cli.asking import agreed
from slipway.cli.deploy import Yes
from slipway.cli.exits import Exit, Stop
from slipway.cli.groups import OPERATIONS
from slipway.cli.imports import import_chart
from slipway.cli.output import Column, Format, Output, dump, say, show_list, show_one
from slipway.cli.session import connected
from slipway.cli.times import age, moment_of
from slipway.cli.verbs import reconcile
from slipway.client.jobs import Job
from slipway.client.platform import AuditEntry, Cluster
from slipway.domain.jobs import JobStatus

app = App(name="admin", help="What the platform team does.", group=OPERATIONS)
for noun in (people, catalogue, rollouts, registries):
    noun.register(app)
app.command(import_chart)
app.command(adopt)
app.command(reconcile, name="reconcile", help="Run a single reconcile of a deployment, named or by id, and watch it.")

JobId = Annotated[UUID, Parameter(help="Its id: see `slipway admin list-reconcile-jobs`.")]
JOB: list[Column[Job]] = [
    ("id", lambda each: each.id), ("deployment", lambda each: each.deployment_id), ("why", lambda each: each.reason),
    ("status", lambda each: each.status), ("attempt", lambda each: each.attempt),
    ("age", lambda each: age(each.created_at)), ("reason", lambda each: each.last_error),
]  # fmt: skip
CLUSTER: list[Column[Cluster]] = [
    ("name", lambda each: each.name), ("healthy", lambda each: "yes" if each.healthy else "no"),
    ("executors", lambda each: len(each.executors)), ("slots", lambda each: f"{each.free} of {each.slots} free"),
    ("deployments", lambda each: each.deployments),
]  # fmt: skip


@app.command
async def list_reconcile_jobs(
    *,
    status: JobStatus | None = None,
    deployment: str | None = None,
    limit: int = 50,
    output: Output = Format.TABLE,
) -> None:
    """List reconcile jobs, newest first.

    Parameters
    ----------
    status
        Only those.
    deployment
        Only those of one deployment, by name or id.
    limit
        How many at most.
    """
    _at_least_one(limit)
    async with connected() as slipway:
        if deployment:
            found = await slipway.deployments.find(deployment)
            jobs = await slipway.insight.jobs(found.id, most=None if status else limit)
            rows = [job for job in jobs if status in (None, job.status)][:limit]
        else:
            rows = await slipway.jobs.list(status=status, most=limit)
    show_list(rows, JOB, output, empty="no job")


@app.command
async def requeue_job(job: JobId, /, *, output: Output = Format.TABLE) -> None:
    """Queue a job again that failed, was cancelled or quarantined, or waits out a pause."""
    async with connected() as slipway:
        done: Job = await slipway.jobs.requeue(job)
    show_one(done, JOB, output)


@app.command
async def fail_job(job: JobId, /, *, output: Output = Format.TABLE) -> None:
    """End a job as failed; the executor that has it is fenced off."""
    async with connected() as slipway:
        done: Job = await slipway.jobs.fail(job)
    show_one(done, JOB, output)


@app.command
async def scan_drift(*, output: Output = Format.TABLE) -> None:
    """Compare every ready deployment with its release now."""
    async with connected() as slipway:
        count = await slipway.platform.scan_drift()
    if output is Format.TABLE:
        say(f"{count} deployments are being compared; differences are events: `slipway events`")
    else:
        dump({"deployments": count}, output)


@app.command
async def clusters(*, output: Output = Format.TABLE) -> None:
    """List clusters, whether they answer, and how busy they are."""
    async with connected() as slipway:
        show_list(await slipway.platform.clusters(), CLUSTER, output, empty="no cluster is registered")


@app.command
async def add_cluster(name: str, /, *, title: str | None = None, output: Output = Format.TABLE) -> None:
    """Make a cluster known; executors that are started with its name are then heard.

    Parameters
    ----------
    name
        Its name: lower-case letters, digits and hyphens.
    title
        How people call it.
    """
    async with connected() as slipway:
        made: Cluster = await slipway.platform.register_cluster(name, title)
    show_one(made, CLUSTER, output)


@app.command
async def forget_cluster(name: str, /, *, force: bool = False, yes: Yes = False) -> None:
    """Give up a cluster that is lost: its deployments count as deleted, and nothing is removed there.

    Parameters
    ----------
    name
        Its name.
    force
        Although its executors were seen just now.
    """
    if not agreed(f"Give up cluster {name} with all of its deployments?", yes=yes):
        raise Stop(Exit.FAILED, "nothing was given up")
    async with connected() as slipway:
        await slipway.platform.forget_cluster(name, force=force)
    say(f"{name} is given up")


@app.command
async def audit(
    *,
    user: str | None = None,
    deployment: str | None = None,
    action: str | None = None,
    refused: bool = False,
    since: str | None = None,
    limit: int = 50,
    output: Output = Format.TABLE,
) -> None:
    """List who asked for what, accepted and refused, newest first.

    Parameters
    ----------
    user
        Only what this user did, by address.
    deployment
        Only what concerns this deployment, by name or id.
    action
        Only one type of event, as in dev.slipway.user.created.v1.
    refused
        Only what was refused.
    since
        Only what is younger: 2h, 7d, or a time.
    limit
        How many at most.
    """
    _at_least_one(limit)
    async with connected() as slipway:
        filters = {
            "actor": (await slipway.users.find(user)).id if user else None,
            "deployment_id": (await slipway.deployments.find(deployment)).id if deployment else None,
            "action": action,
            "result": "refused" if refused else None,
            "since": moment_of(since, "--since", ago=True).isoformat() if since else None,
        }
        found = await slipway.platform.audit(most=limit, **filters)
    columns: list[Column[AuditEntry]] = [
        ("time", lambda each: f"{each.time:%Y-%m-%d %H:%M:%S}"), ("who", _who), ("what", _action),
        ("object", _object), ("result", lambda each: each.result),
        ("fields", lambda each: ", ".join(each.fields)),
    ]  # fmt: skip
    show_list(found, columns, output, empty="nothing matches")


@app.command
def restored() -> None:
    """After PostgreSQL was restored to an earlier time: raise the epoch, reconcile everything, list orphaned namespaces.

    Run it where a scheduler runs (DATABASE_URL and NATS_URL are read). Nothing is deleted; the relay then goes on. Exit
    code 1 when a cluster's namespaces could not be listed: `slipway admin orphans` asks again.
    """
    _restoring("restored")


@app.command
def orphans() -> None:
    """List the namespaces of this installation that no deployment has. Run it where a scheduler runs."""
    _restoring("orphans")


def _restoring(work: str) -> None:
    try:
        from slipway.cli import restoring  # noqa: PLC0415 - needs what only a scheduler's image has
    except ModuleNotFoundError as error:
        message = f"slipway admin {work} runs where a scheduler runs: {error.name} is not installed here"
        raise Stop(Exit.FAILED, message) from error
    restoring.run(getattr(restoring, work))


def _at_least_one(limit: int) -> None:
    if limit < 1:
        raise Stop(Exit.MISUNDERSTOOD, "--limit: is at least 1")


def _who(entry: AuditEntry) -> str:
    return str(entry.actor.get("email") or entry.actor.get("id") or "")


def _object(entry: AuditEntry) -> str:
    """Return what it was about; of a refusal, what was tried."""
    tried = " ".join(str(entry.detail[key]) for key in ("method", "path", "code") if key in entry.detail)
    return entry.object or tried


def _action(entry: AuditEntry) -> str:
    return entry.action.removeprefix("dev.slipway.").removesuffix(".v1")
