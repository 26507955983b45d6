"""What is kept under a keyed digest is known while JWT_SECRET_KEY is rotated."""

import httpx
import msgspec

from slipway_api.app import create_app
from slipway_api.auth.tokens import Tokens
from slipway_api.deps import Deps
from tests.api.conftest import World, client_of, refused


async def test_a_repeated_request_is_known_while_the_key_is_rotated(api: httpx.AsyncClient, deps: Deps, world: World):
    body = {"template_id": str(world.mine.template), "domain_name": "rotated.example.org"}
    headers = {**world.as_user, "Idempotency-Key": "before"}
    first = await api.post("/deployments", json=body, headers=headers)
    assert first.status_code == 202, first.text
    rotated = Tokens(key="the-key-after-it-0123456789abcdefghijklm", previous_key=deps.tokens.key)
    async with client_of(create_app(msgspec.structs.replace(deps, tokens=rotated))) as later:
        again = await later.post("/deployments", json=body, headers=headers)
        assert (again.status_code, again.json()["id"]) == (202, first.json()["id"])
        other = {**body, "domain_name": "other.example.org"}
        refused(await later.post("/deployments", json=other, headers=headers), 409, "idempotency_mismatch")
