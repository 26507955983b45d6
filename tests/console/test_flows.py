"""Each flow of the console in a real browser against the real system; what it does stands in its `*.spec.ts`."""

import pytest

from tests.support.browser import CONSOLE, run_flow

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(1500)]
FLOWS = sorted(path.name for path in (CONSOLE / "e2e").glob("*.spec.ts"))


def test_there_are_flows():
    assert len(FLOWS) >= 8


@pytest.mark.parametrize("flow", FLOWS)
async def test_flow(flow: str, told: dict[str, str]):
    passed, output = await run_flow(flow, told)
    print(output)  # its figures too: `pytest -rP` shows them
    assert passed, "see the output of the browser's run"
