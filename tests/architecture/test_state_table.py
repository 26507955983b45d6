"""The table of states in ARCHITECTURE.md is what `decide` does."""

import re
from pathlib import Path

from slipway_executor.reconcile.decide import TO_APPLY, TO_DELETE, Step
from slipway_executor.reconcile.state import State

ARCHITECTURE = Path(__file__).resolve().parents[2] / "ARCHITECTURE.md"
WORDS = {Step.SETTLE_RECORD: "settle the record", Step.WAIT_GONE: "wait until gone (bounded)"}
NOT_MET = "not met"


def words(steps: dict[State, Step], state: State) -> str:
    """Return what the document shall say of a state: its step, or that it fails there, or cannot be there."""
    step = steps.get(state)
    return WORDS.get(step, step.value.replace("_", " ")) if step else ""


def test_the_documented_table_is_the_codes():
    section = ARCHITECTURE.read_text().split("## States and what is done")[1].split("\n## ")[0]
    rows = re.findall(r"^\| ([a-z ]+) \| (.+?) \| (.+?) \|$", section, re.MULTILINE)
    documented = {name.replace(" ", "_"): (apply, delete) for name, apply, delete in rows if name != "state"}
    assert documented.keys() == {state.value for state in State}
    for state in State:
        apply, delete = documented[state.value]
        assert apply == words(TO_APPLY, state) or (state not in TO_APPLY and apply.startswith("fail"))
        assert delete == words(TO_DELETE, state) or (state not in TO_DELETE and delete.startswith(("fail", NOT_MET)))
