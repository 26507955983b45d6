"""What a message of the user means for the proposals that wait for one: pure.

Only a message's own text and its fields `confirm` and `decline` are read, and only a whole sentence that says nothing but
yes or no counts: "yes, but with three replicas" is for the model, which then proposes again, and so is "sure?".
"""

import re
from collections.abc import Sequence
from enum import StrEnum

import msgspec


class Word(StrEnum):
    CONFIRM = "confirm"
    DECLINE = "decline"


class Meaning(msgspec.Struct, frozen=True, kw_only=True):
    """The user's word on one proposed call."""

    word: Word
    call: str


class NotOpen(msgspec.Struct, frozen=True, kw_only=True):
    """The named call does not wait for a word; `field` is the pointer of who named it."""

    field: str
    call: str


YES = frozenset(
    {
        "yes", "y", "yes please", "yep", "yeah", "confirm", "confirmed", "i confirm", "yes confirm", "ok", "okay", "sure",
        "go", "go ahead", "yes go ahead", "do it", "yes do it", "please do", "proceed", "approve", "approved",
    }
)  # fmt: skip
NO = frozenset(
    {
        "no", "n", "no thanks", "no thank you", "nope", "decline", "declined", "cancel", "stop", "dont", "do not", "dont do it",
        "do not do it", "no dont", "reject", "never mind", "nevermind",
    }
)  # fmt: skip
_QUESTION = re.compile(r"[?\u037e\u055e\u061f\u203d\u2047-\u2049\u2753\u2754\uff1f]")
"""A question mark of any script: "sure?" asks, and is nobody's word."""
_NOISE = re.compile(r"[^\w\s]+")


def meaning(
    content: str, *, confirm: str | None, decline: str | None, waiting: Sequence[str], just_asked: Sequence[str]
) -> Meaning | NotOpen | None:
    """Return what a message says to the calls that wait; None: nothing.

    A plain yes or no counts only when the message before it asks about exactly one call (`just_asked`): with two, nobody
    can tell which is meant, and later it may be the answer to another question.
    """
    if confirm is not None:
        found = Meaning(word=Word.CONFIRM, call=confirm)
        return found if confirm in waiting else NotOpen(field="/confirm", call=confirm)
    if decline is not None:
        found = Meaning(word=Word.DECLINE, call=decline)
        return found if decline in waiting else NotOpen(field="/decline", call=decline)
    plain = " ".join(_NOISE.sub("", content).casefold().split())
    if len(just_asked) != 1 or _QUESTION.search(content):
        return None
    if plain in YES:
        return Meaning(word=Word.CONFIRM, call=just_asked[0])
    return Meaning(word=Word.DECLINE, call=just_asked[0]) if plain in NO else None
