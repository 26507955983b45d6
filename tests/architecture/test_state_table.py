"""The table of states in ARCHITECTURE.md is what `decide` does."""

import re
from pathlib import Path

from slipway_executor.reconcile.decide import TO_APPLY, TO_DELETE, Step
from slipway_executor.reconcile.state import State

ARCHITECTURE = Path(__file__).resolve().parents[2] / "ARCHITECTURE.md"
WORDS = {
    Step.CREATE_NAMESPACE: "create namespace",
    Step.APPLY: "apply",
    Step.SETTLE_RECORD: "settle the record",
    Step.UNINSTALL: "uninstall",
    Step.DELETE_NAMESPACE: "delete namespace",
    Step.WAIT_GONE: "wait until gone (bounded)",
    Step.WATCH: "watch",
    Step.FINISH: "finish",
}


def test_the_documented_table_is_the_codes():
    section = ARCHITECTURE.read_text().split("## States and what is done")[1].split("\n## ")[0]
    rows = re.findall(r"^\| ([a-z ]+) \| (.+?) \| (.+?) \|$", section, re.MULTILINE)
    documented = {name.replace(" ", "_"): (apply, delete) for name, apply, delete in rows if name != "state"}
    assert documented.keys() == {state.value for state in State}
    for state in State:
        apply, delete = documented[state.value]
        assert apply == WORDS[TO_APPLY[state]] if state in TO_APPLY else apply.startswith("fail")
        assert delete == WORDS[TO_DELETE[state]] if state in TO_DELETE else delete.startswith("fail")
