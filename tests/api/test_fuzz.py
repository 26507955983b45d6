"""Whatever the schema allows, and much that it does not, is answered: never with a 500."""

import asyncio
from typing import Any

import httpx
import msgspec
import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from schemathesis.core.result import Ok
from schemathesis.generation import GenerationMode
from structlog.testing import capture_logs

from tests.api.conftest import World

EXAMPLES = 12
"""For each route and each kind of input."""
ENDLESS = "/api/v1/events"


@schemathesis.serializer("application/gzip")
def archive(_: Any, value: Any) -> bytes:
    """Return an upload's body: what was generated, behind the two bytes that let it pass for an archive."""
    return b"\x1f\x8b" + (value if isinstance(value, bytes) else str(value).encode(errors="replace"))


class Target(msgspec.Struct, frozen=True, kw_only=True):
    """Where to send input, as whom, and the ids of things that are there."""

    address: str
    headers: dict[str, str]
    ids: dict[str, str]


def fuzz(operation: Any, mode: GenerationMode, target: Target) -> list[str]:
    """Call one route with generated input; return what was answered with a server's error."""
    found: list[str] = []

    @settings(
        max_examples=EXAMPLES, deadline=None, database=None, derandomize=True, phases=[Phase.generate],
        suppress_health_check=(HealthCheck.too_slow, HealthCheck.filter_too_much, HealthCheck.data_too_large),
    )  # fmt: skip
    @given(case=operation.as_strategy(generation_mode=mode))
    def each(case: Any) -> None:
        known = {name: target.ids[name] for name in case.path_parameters or {} if name in target.ids}
        if known and mode is GenerationMode.POSITIVE:
            case.path_parameters.update(known)
        answer = case.call(base_url=target.address, headers=target.headers, timeout=30)
        if answer.status_code >= 500 and answer.status_code != 503:
            found.append(
                f"{case.method} {case.formatted_path}: {answer.status_code} for {case.body!r:.300} {case.query}"
            )

    each()
    return found


@pytest.mark.parametrize("mode", [GenerationMode.POSITIVE, GenerationMode.NEGATIVE], ids=lambda mode: mode.value)
@pytest.mark.parametrize("caller", ["user", "admin"])
async def test_no_input_breaks_a_route(address: str, world: World, caller: str, mode: GenerationMode):
    """Row 60."""
    headers = world.as_admin if caller == "admin" else world.as_user
    async with httpx.AsyncClient(base_url=address) as client:
        document = (await client.get("/api/v1/openapi.json")).json()
    schema = schemathesis.openapi.from_dict(document)
    operations: list[Any] = [result.ok() for result in schema.get_all_operations() if isinstance(result, Ok)]
    assert len(operations) > 25
    ids = {
        "user_id": str(world.other.user), "product_id": str(world.mine.product), "template_id": str(world.mine.template),
        "deployment_id": str(world.deployment), "task_id": str(world.task), "conversation_id": str(world.conversation),
        "message_id": str(world.message),
    }  # fmt: skip
    found: list[str] = []
    with capture_logs() as logged:
        for operation in sorted(
            operations, key=lambda each: each.method.upper() == "DELETE"
        ):  # what there is, goes last
            if operation.path != ENDLESS and not operation.path.startswith("/api/v1/openapi"):
                target = Target(address=address, headers=headers, ids=ids)
                found += await asyncio.to_thread(fuzz, operation, mode, target)
    assert found == [], [each for each in logged if each["event"] == "request_failed"]
