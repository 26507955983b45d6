"""The whole system with the built console, and a browser to look at it."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from pathlib import Path
from uuid import UUID

import asyncpg
import pytest

from slipway.client.http import SlipwayClient
from slipway.dev import samples
from slipway.dev.kubelet import log_file
from slipway.dev.links import sign_in_link
from slipway.dev.stack import ADMIN_EMAIL, Plan, Stack
from tests.e2e.watching import Watcher
from tests.support import issuer as issuers
from tests.support import servers, systems
from tests.support.browser import CONSOLE
from tests.support.scripted_model import Call, Fail, Say, scripted_model

BUILT = CONSOLE.parent / "api" / "slipway_api" / "console"
UNLUCKY = "What went wrong"
"""The model fails when it is asked this, and answers the third time."""
PROPOSED = "proposed-by-the-assistant.example.org"
BY_HAND = "made-by-hand"
"""Namespace and release of the sample that nobody asked Slipway for; its domain is `made-by-hand.example.org`."""
ROOM = {
    "SLIPWAY_DEPLOYMENTS_PER_USER": "2000", "SLIPWAY_CPU_MILLI_PER_USER": "60000",
    "SLIPWAY_MEMORY_MIB_PER_USER": "200000",
}  # fmt: skip

_MANY = """
    INSERT INTO deployment (id, user_id, domain_name, deployment_uid, namespace_name, release_name, desired_template_id,
        applied_template_id, status, applied_generation, hold_generation, scan_after)
    SELECT gen_random_uuid(), $1, 'many-' || n || '.example.org', 'many-' || n, 'many-' || n, 'many-' || n, template_id,
        template_id, 'ready', 1, 1, '2100-01-01'
    FROM generate_series(0, 998) n, product WHERE name = $2
    """


@pytest.fixture(scope="session")
async def stack() -> AsyncIterator[Stack]:
    newest = max(path.stat().st_mtime for path in (CONSOLE / "src").rglob("*"))
    assert (BUILT / "index.html").stat().st_mtime > newest, "the console has changed since it was built: make console"
    async with AsyncExitStack() as beside:
        model = await beside.enter_async_context(scripted_model())
        issuer = beside.enter_context(issuers.running())
        sign_on = {
            "SLIPWAY_OIDC_ISSUER": issuer.url, "SLIPWAY_OIDC_CLIENT_ID": issuers.CLIENT_ID,
            "SLIPWAY_OIDC_CLIENT_SECRET": issuers.CLIENT_SECRET,
        }  # fmt: skip
        assistant = {"SLIPWAY_ASSISTANT_MODEL": "scripted", "SLIPWAY_ASSISTANT_BASE_URL": model.url}
        plan = Plan(state=servers.state_folder(), fsync=False, extra={**ROOM, **assistant, **sign_on})
        running = await beside.enter_async_context(systems.running(plan))
        async with SlipwayClient(running.api_url) as client:
            await client.login(ADMIN_EMAIL, running.admin_password)
            product = next(each for each in (await client.products())["items"] if each["name"] == samples.HELLO)
            first = {"product_id": product["id"], "domain_name": "first.example.org"}
            await client.post("/deployments", first)  # the form suggests a domain beside the last one
            await install_by_hand(Watcher(running, client))
        asked = {"product_id": product["id"], "domain_name": PROPOSED}
        model.then(Call("deployment_create", asked), *[Say("As you wish.")] * 5)
        model.when(UNLUCKY, *[Fail(400)] * 2, Say("At the second try."))
        yield running


async def install_by_hand(watcher: Watcher) -> None:
    values = f"user.greeting=Made by hand,slipway.domain={BY_HAND}.example.org"
    await watcher.run("kubectl", "create", "namespace", BY_HAND)
    await watcher.run("helm", "install", BY_HAND, str(samples.CHART), "--namespace", BY_HAND, "--set", values)


@pytest.fixture(scope="session")
async def many(stack: Stack) -> dict[str, str]:
    """Somebody with 999 deployments, which are rows and nothing more: no service of the platform is to look at them."""
    who = {"email": "many@example.org", "password": "a-password-of-many"}
    async with SlipwayClient(stack.api_url) as client:
        await client.login(ADMIN_EMAIL, stack.admin_password)
        owner = await client.post("/users", who)
    connection = await asyncpg.connect(stack.database_url)
    await connection.execute(_MANY, UUID(owner["id"]), samples.HELLO)
    await connection.close()
    return {"SLIPWAY_CONSOLE_MANY": who["email"], "SLIPWAY_CONSOLE_MANY_PASSWORD": who["password"]}


@pytest.fixture(scope="session")
async def chart(stack: Stack, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An archive to upload, as `helm package` makes it."""
    return await samples.package_chart(stack, samples.CHART, tmp_path_factory.mktemp("chart"), version="4.2.0")


@pytest.fixture
async def told(stack: Stack, chart: Path, many: dict[str, str]) -> dict[str, str]:
    """What the flows are told of the system, by environment variables."""
    return many | {
        "SLIPWAY_CONSOLE_BY_HAND": BY_HAND,
        "SLIPWAY_CONSOLE_CHART": str(chart),
        "SLIPWAY_CONSOLE_REGISTRY": stack.registry.host,
        "SLIPWAY_CONSOLE_UNLUCKY": UNLUCKY,
        "SLIPWAY_CONSOLE_URL": stack.api_url,
        "SLIPWAY_CONSOLE_LINK": await sign_in_link(stack),
        "SLIPWAY_CONSOLE_POD_LOG": str(log_file(stack.state / "cluster")),
        "SLIPWAY_CONSOLE_PROPOSED": PROPOSED,
        "SLIPWAY_ADMIN_EMAIL": ADMIN_EMAIL,
        "SLIPWAY_ADMIN_PASSWORD": stack.admin_password,
    }
