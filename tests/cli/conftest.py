"""A running system, and a terminal in which a person types."""

from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from slipway.dev.stack import ADMIN_EMAIL, Plan, Stack
from tests.cli.terminal import Terminal
from tests.support import scripted_model as scripted
from tests.support import servers, systems

went_well: set[str] = set()
"""The ids of tests that this process has run to their end, or skipped, and none of whose phases failed."""


def pytest_runtest_logreport(report: pytest.TestReport) -> None:
    if report.failed:
        went_well.discard(report.nodeid)
    elif report.when == "call" or report.skipped:
        went_well.add(report.nodeid)


@pytest.fixture(scope="session")
async def stack() -> AsyncIterator[Stack]:
    async with systems.running(Plan(state=servers.state_folder(), fsync=False)) as found:
        yield found


@pytest.fixture(scope="session")
def signed_in(stack: Stack, tmp_path_factory: pytest.TempPathFactory) -> Terminal:
    """A terminal in which the admin has signed in: guessing passwords is slowed, so the tests do it once."""
    terminal = Terminal(stack.api_url, tmp_path_factory.mktemp("admin"))
    typing = terminal.type("login", "--email", ADMIN_EMAIL)
    typing.expect("Password: ")
    typing.sendline(stack.admin_password)
    assert terminal.end(typing)[0] == 0
    return terminal


@pytest.fixture
async def model(stack: Stack) -> AsyncIterator[scripted.ScriptedModel]:
    """A model that says what the test tells it to, and an API that asks it."""
    async with scripted.scripted_model() as model:
        await stack.stop_service("api")
        await stack.start_service(
            "api", {"SLIPWAY_ASSISTANT_MODEL": "scripted", "SLIPWAY_ASSISTANT_BASE_URL": model.url}
        )
        yield model
        await stack.stop_service("api")
        await stack.start_service("api")


@pytest.fixture
def terminal(signed_in: Terminal) -> Iterator[Terminal]:
    yield signed_in
    signed_in.close()


@pytest.fixture
def nobody(stack: Stack, tmp_path: Path) -> Iterator[Terminal]:
    """A terminal in which nobody has signed in."""
    terminal = Terminal(stack.api_url, tmp_path)
    yield terminal
    terminal.close()
