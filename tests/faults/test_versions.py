"""Row 58: services of two releases beside each other. Whole jobs run although each message is an older or a newer one's."""

from collections.abc import Callable
from typing import Any

import msgspec
import pytest

from slipway.database.engine import Database
from slipway.messaging import subjects
from tests.faults.test_delivery import run_to_the_end
from tests.faults.whole import Unreliable
from tests.support.golden import newer, oldest

Rewrite = Callable[[str, Any], Any]
"""Takes what a message is called and what it says, returns what the other release would have said."""


class Between(Unreliable):
    """Writes each message anew on its way, answers included."""

    def __init__(self, rewrite: Rewrite) -> None:
        super().__init__()
        self._rewrite = rewrite
        self.rewritten: set[str] = set()

    async def publish(self, subject: str, data: bytes, *, message_id: str, timeout: float = 5.0) -> None:
        name = "report" if subject.startswith("slipway.report.") else "command"
        await super().publish(subject, self._anew(name, data), message_id=message_id, timeout=timeout)

    async def request(self, subject: str, data: bytes, *, timeout: float) -> bytes:
        if subject == subjects.reserve("local"):  # the first release had none
            return await super().request(subject, data, timeout=timeout)
        name = subject.rpartition(".")[2]
        return self._anew(f"{name} answer", await super().request(subject, self._anew(name, data), timeout=timeout))

    def _anew(self, name: str, data: bytes) -> bytes:
        self.rewritten.add(name)
        return msgspec.json.encode(self._rewrite(name, msgspec.json.decode(data)))


@pytest.mark.parametrize("rewrite", [oldest, newer], ids=["older", "newer"])
async def test_jobs_run_between_releases(database: Database, scheduler_database: Database, rewrite: Rewrite):
    broker = Between(rewrite)
    await run_to_the_end(database, scheduler_database, broker)
    assert broker.rewritten == {"command", "claim", "claim answer", "beat", "beat answer", "report"}
