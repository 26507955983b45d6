"""The table of states in ARCHITECTURE.md is what `decide` does."""

import re
from pathlib import Path

from slipway.domain.failures import Failure, FailureClass
from slipway_executor.reconcile.decide import Pass, Step, decide
from slipway_executor.reconcile.state import Classified, State

ARCHITECTURE = Path(__file__).resolve().parents[2] / "ARCHITECTURE.md"
WORDS = {Step.SETTLE_RECORD: "settle the record", Step.WAIT_GONE: "wait until gone (bounded)"}
CLASSES = {FailureClass.NEEDS_PERSON: "needs a person", FailureClass.TRANSIENT: "transient"}
NOT_MET = "not met"


def words(state: State, now: Pass) -> str:
    """Return what the document shall say of a state: its step, or how it fails there, or that it cannot be there."""
    try:
        decided = decide(Classified(state=state, reason="a reason"), now)
    except KeyError:
        return NOT_MET
    if isinstance(decided, Failure):
        return f"fail, {CLASSES[decided.failure_class]}"
    return WORDS.get(decided, decided.value.replace("_", " "))


def to_delete(state: State) -> str:
    """Return the words for a delete, and those for a deployment that never had a release of its own where they differ."""
    usual, never_ours = (words(state, Pass(deleting=True, ever_applied=ever)) for ever in (True, False))
    return usual if usual == never_ours else f"{usual}; {never_ours} when it was never ours"


def test_the_documented_table_is_the_codes():
    section = ARCHITECTURE.read_text().split("## States and what is done")[1].split("\n## ")[0]
    rows = re.findall(r"^\| ([a-z ]+) \| (.+?) \| (.+?) \|$", section, re.MULTILINE)
    documented = {name.replace(" ", "_"): (apply, delete) for name, apply, delete in rows if name != "state"}
    assert documented == {state.value: (words(state, Pass(deleting=False)), to_delete(state)) for state in State}
