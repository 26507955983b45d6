"""One masker for all text that leaves the executor, fed with the secrets that were opened."""

from collections.abc import Iterable

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

    def failure(self, failure: Failure) -> Failure:
        """Return the failure with every secret hidden in its reason."""
        return msgspec.structs.replace(failure, reason=self.text(failure.reason))
