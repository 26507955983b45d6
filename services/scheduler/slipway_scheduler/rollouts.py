"""Moves rollouts on: looks how the upgrades of a wave ended, begins the next, or ends the rollout."""

from collections.abc import Callable
from uuid import UUID

import msgspec
import structlog

from slipway.database.engine import Database, WriteSession
from slipway.database.models import Rollout
from slipway.database.queries import deployments, outbox, rollouts, wishes
from slipway.database.queries.wishes import Wish
from slipway.domain.events import Actor, EventType
from slipway.domain.jobs import JobReason
from slipway.domain.rollouts import ItemStatus, RolloutStatus, next_wave
from slipway.telemetry import tracing

log = structlog.get_logger()

INTERVAL_SEC = 2.0
TURNS = 20
"""Rollouts that are moved on in a pass."""


class Rollouts:
    def __init__(self, database: Database, *, committed: Callable[[], None]) -> None:
        self._database = database
        self._committed = committed

    async def run_once(self) -> int:
        """Move on those whose turn it is; return how many upgrades were begun. One that breaks holds up no other."""
        async with self._database.writing() as session:
            turns = await rollouts.take_turns(session, count=TURNS)
        return sum([await self._move_on(rollout) for rollout in turns])

    async def _move_on(self, rollout: UUID) -> int:
        try:
            async with self._database.writing() as session:
                begun = await self._moved_on(session, rollout)
        except Exception as error:  # noqa: BLE001 - it is tried again at its next turn
            log.warning("rollout_not_moved", rollout=str(rollout), error=type(error).__name__)
            return 0
        if begun:
            self._committed()
        return begun

    async def _moved_on(self, session: WriteSession, rollout_id: UUID) -> int:
        rollout = await rollouts.lock(session, rollout_id)
        if rollout is None:
            return 0
        await rollouts.observe(session, rollout_id)
        progress = await rollouts.progress(session, rollout_id)
        wave = next_wave(progress, batch_size=rollout.batch_size, max_failures=rollout.max_failures)
        if isinstance(wave, RolloutStatus):
            await rollouts.finish(session, rollout_id, wave)
            await _tell(session, rollout, wave, msgspec.to_builtins(progress))
            self._committed()
            return 0
        chosen = await rollouts.waiting(session, rollout_id, wave) if wave else ()
        return sum([await _begin(session, rollout, deployment) for deployment in chosen])


async def _begin(session: WriteSession, rollout: Rollout, deployment_id: UUID) -> bool:
    """Ask for one upgrade; one that is going, or held back, is skipped."""
    deployment = await deployments.lock(session, deployment_id)
    if deployment is None or deployment.status in wishes.ENDING or deployment.suspended:
        why = "it is suspended" if deployment and deployment.suspended else "it is being deleted"
        await rollouts.set_item(session, rollout.id, deployment_id, ItemStatus.SKIPPED, error=why)
        return False
    if deployment.desired_template_id == rollout.template_id:
        await rollouts.set_item(
            session, rollout.id, deployment_id, ItemStatus.RUNNING, generation=deployment.generation
        )
        return False
    change = {
        "field": "/desired_template_id", "before": str(deployment.desired_template_id), "after": str(rollout.template_id),
    }  # fmt: skip
    wish = Wish(reason=JobReason.UPGRADE, fields={"desired_template_id": rollout.template_id}, changes=(change,))
    with tracing.span("rollout upgrade", deployment=deployment_id):
        changed = await wishes.change(session, deployment, wish, actor=msgspec.convert(rollout.actor_json, Actor))
    await rollouts.set_item(session, rollout.id, deployment_id, ItemStatus.RUNNING, generation=changed.generation)
    return True


async def _tell(session: WriteSession, rollout: Rollout, status: RolloutStatus, progress: dict[str, int]) -> None:
    data = {
        "rollout": str(rollout.id), "product": str(rollout.product_id), "template": str(rollout.template_id),
        "status": status.value, "progress": progress,
    }  # fmt: skip
    await outbox.record(
        session, EventType.ROLLOUT_FINISHED, actor=msgspec.convert(rollout.actor_json, Actor), data=data,
        subject=f"rollouts/{rollout.id}",
    )  # fmt: skip
