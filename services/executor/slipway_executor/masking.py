"""One masker for all text that leaves the executor, fed with the secrets that were opened."""

from collections.abc import Callable, Iterable
from typing import Any

import msgspec

from slipway.domain.failures import Failure

HIDDEN = "(hidden)"
SHORTEST = 4
"""Shorter secrets are not looked for: they would hide half of every text."""


class Masker:
    def __init__(self, secrets: Iterable[str] = ()) -> None:
        self._secrets = sorted({each for each in secrets if len(each) >= SHORTEST}, key=len, reverse=True)

    def text(self, text: str) -> str:
        """Return the text with every secret hidden."""
        for secret in self._secrets:
            text = text.replace(secret, HIDDEN)
        return text

    def texts(self, value: Any) -> Any:
        """Return a JSON value with every secret hidden in its texts."""
        return each_text(value, self.text)

    def failure(self, failure: Failure) -> Failure:
        """Return the failure with every secret hidden in its reason."""
        return msgspec.structs.replace(failure, reason=self.text(failure.reason))


def each_text(value: Any, change: Callable[[str], str]) -> Any:
    """Return a JSON value with each of its texts changed; keys stay."""
    if isinstance(value, str):
        return change(value)
    if isinstance(value, dict):
        return {key: each_text(child, change) for key, child in value.items()}
    if isinstance(value, list):
        return [each_text(child, change) for child in value]
    return value
