"""What an executor's pod may take in all is what its operations of Helm may take, and the executor itself."""

from typing import Any

import pytest

from slipway_executor.settings import ExecutorSettings
from tests.deploy.helming import PLATFORM, environment, helm, rendered, settings

ITSELF_MIB = 128
MEMORY, SLOTS = "executor.resources.limits.memory", "executor.env.SLIPWAY_SLOTS"
TOLD = "SLIPWAY_HELM_MEMORY_MIB"


@pytest.mark.parametrize(
    ("values", "pod_mib"),
    [({}, 512), ({MEMORY: "2Gi"}, 2048), ({MEMORY: "1G"}, 953), ({SLOTS: "2"}, 512), ({MEMORY: 1073741824}, 1024)],
    ids=["as it is", "2Gi", "1G", "two slots", "in bytes"],
)
async def test_all_operations_together_fit_into_the_pod(values: dict[str, Any], pod_mib: int):
    told = environment(await rendered(values), "executor")
    slots = int(told.get("SLIPWAY_SLOTS", ExecutorSettings(nats_url="").slots))
    room = pod_mib - ITSELF_MIB
    assert room - slots < slots * int(told[TOLD]) <= room


async def test_an_operator_s_own_word_is_taken():
    assert environment(await rendered({f"executor.env.{TOLD}": "300"}), "executor")[TOLD] == "300"


async def test_too_little_for_that_many_operations_is_refused_by_its_value():
    code, said = await helm("template", "slipway", str(PLATFORM), *settings({MEMORY: "256Mi"}))
    assert code != 0
    assert MEMORY in said
    assert SLOTS in said
    await rendered({MEMORY: "256Mi", SLOTS: "2"})
