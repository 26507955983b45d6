"""One turn from its begin to its end: what was answered is stored, and the turn is given back whatever comes."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

import msgspec
import structlog

from slipway.database.queries import conversations
from slipway_api.assistant.assistant import RETRY_SEC
from slipway_api.assistant.limits import RENEW_SEC, TURN_SEC
from slipway_api.assistant.model import ModelFailed
from slipway_api.assistant.recording import Begun, Record
from slipway_api.assistant.talking import Tell, talk
from slipway_api.auth.gate import Caller
from slipway_api.deps import Deps
from slipway_api.problems import ApiError
from slipway_api.schemas.conversations import MessagesAnswered, read_message

log = structlog.get_logger()

KEPT = "your message is kept, and so is what was done: have it answered again (retry)"


async def answer(deps: Deps, caller: Caller, begun: Begun, tell: Tell) -> MessagesAnswered:
    """Answer, and give the turn back whatever comes; 503 when the model fails."""
    acting = msgspec.structs.replace(caller, via="assistant")
    record = Record(acting, begun)
    try:
        tell("user", begun.asked)
        for call in begun.calls:
            tell("tool", call)
        async with _keeping(deps, acting, begun):
            content = begun.fixed if not deps.assistant.is_configured else await talk(deps, acting, begun, record, tell)
        async with deps.database.writing(acting.scope) as session:
            message = await record.finish(session, content)
            await conversations.end_turn(session, begun.conversation, begun.holder)
        return MessagesAnswered(items=[begun.asked, read_message(message)])
    except ModelFailed as error:
        log.warning("model_failed", conversation=str(begun.conversation), reason=str(error))
        await asyncio.shield(_give_back(deps, acting, begun))
        raise ApiError("unavailable", f"{error}; {KEPT}", retry_after=RETRY_SEC) from None
    except BaseException:
        await asyncio.shield(_give_back(deps, acting, begun))
        raise


@asynccontextmanager
async def _keeping(deps: Deps, caller: Caller, begun: Begun) -> AsyncGenerator[None]:
    """Give signs of life, so that nobody else takes the turn; when this process dies it is free soon."""
    keeping = asyncio.create_task(_keep(deps, caller, begun))
    try:
        yield
    finally:
        keeping.cancel()
        await asyncio.gather(keeping, return_exceptions=True)


async def _keep(deps: Deps, caller: Caller, begun: Begun) -> None:
    while True:
        await deps.clock.sleep(RENEW_SEC)
        try:
            async with deps.database.writing(caller.scope) as session:
                await conversations.keep_turn(session, begun.conversation, begun.holder, seconds=TURN_SEC)
        except Exception as error:  # noqa: BLE001 - the next sign may come through; a turn that is lost writes nothing
            log.info("turn_not_kept", conversation=str(begun.conversation), error=type(error).__name__)


async def _give_back(deps: Deps, caller: Caller, begun: Begun) -> None:
    """End the turn; where that fails, its own end does."""
    try:
        async with deps.database.writing(caller.scope) as session:
            await conversations.end_turn(session, begun.conversation, begun.holder)
    except Exception as error:  # noqa: BLE001 - on the way out of whatever happened; the turn ends by time
        log.info("turn_not_given_back", conversation=str(begun.conversation), error=type(error).__name__)
