"""What the engine's own tests say: of that which nobody sees from outside, as its bounded store of charts."""

import pytest

from slipway.dev.build import go, sources_of


@pytest.mark.timeout(600)
async def test_the_engine_s_own_tests_pass():
    """Not vetted: that would look into all of Kubernetes first."""
    process = await go("test", "-vet=off", ".", sources=sources_of("services/executor/helm-engine"))
    printed, _ = await process.communicate()
    assert process.returncode == 0, printed.decode()
