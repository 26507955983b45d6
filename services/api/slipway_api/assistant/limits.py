"""When a turn ends: pure."""

from enum import StrEnum

import msgspec

TURN_SEC = 20.0
"""After this without a sign of life whoever held a turn has died, and the next may take it."""
RENEW_SEC = 5.0
"""How often a holder gives one."""


class Limits(msgspec.Struct, frozen=True, kw_only=True):
    """What one turn may take."""

    steps: int = 12
    """Questions to the model."""
    calls: int = 50
    """Tool calls: one reply may ask for any number."""
    seconds: float = 120.0
    history_tokens: int = 8_000
    answer_tokens: int = 60_000
    """Sent and received in all steps."""


class Spent(msgspec.Struct, frozen=True, kw_only=True):
    """What it took so far."""

    steps: int = 0
    calls: int = 0
    seconds: float = 0.0
    tokens: int = 0


class Next(StrEnum):
    """What follows."""

    ASK = "ask"
    """Ask the model, which is shown what its tools found."""
    CALL = "call"
    """Call the tools that it asks for."""
    ANSWERED = "answered"
    SILENT = "silent"
    """The model said nothing and asked for nothing."""
    OUT_OF_STEPS = "out_of_steps"
    OUT_OF_CALLS = "out_of_calls"
    OUT_OF_TIME = "out_of_time"
    OUT_OF_TOKENS = "out_of_tokens"


STOPPED = {
    Next.OUT_OF_STEPS: "I stopped here: this took more steps than one answer may. Tell me to go on if I should.",
    Next.OUT_OF_CALLS: "I stopped here: this took more calls than one answer may. Tell me to go on if I should.",
    Next.OUT_OF_TIME: "I stopped here: this took longer than one answer may. Tell me to go on if I should.",
    Next.OUT_OF_TOKENS: "I stopped here: this became longer than one answer may. Tell me to go on if I should.",
}
"""What the user is told; what was done by then is kept."""


def after_reply(*, calls: int, text: str) -> Next:
    """Return what follows a reply of the model."""
    if calls:
        return Next.CALL
    return Next.ANSWERED if text.strip() else Next.SILENT


def before_asking(limits: Limits, spent: Spent, *, cost: int) -> Next:
    """Return whether the model may be asked once more, with a question of `cost` tokens."""
    if spent.steps >= limits.steps:
        return Next.OUT_OF_STEPS
    if spent.seconds >= limits.seconds:
        return Next.OUT_OF_TIME
    if spent.tokens + cost > limits.answer_tokens and spent.steps:
        return Next.OUT_OF_TOKENS
    return Next.ASK


def before_call(limits: Limits, spent: Spent) -> Next:
    """Return CALL when one more tool may be called, and otherwise why not."""
    if spent.calls >= limits.calls:
        return Next.OUT_OF_CALLS
    return Next.OUT_OF_TIME if spent.seconds >= limits.seconds else Next.CALL
