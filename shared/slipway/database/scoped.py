"""A driver's connection that begins a transaction and says for whom it runs in one round trip."""

from typing import Any

import asyncpg
from sqlalchemy import Engine, event


class ScopedConnection(asyncpg.Connection):
    """Sends what is to be set together with the next BEGIN, once. Forgotten, it would set nothing: then nobody's rows show."""

    _setting = ""

    def set_at_begin(self, **settings: str) -> None:
        """Have settings hold for the next transaction; names are `slipway.…` with `__` for the dot, or PostgreSQL's own."""
        each = (
            f"set_config({_quoted(name.replace('__', '.'))}, {_quoted(value)}, true)"
            for name, value in settings.items()
        )
        self._setting = f"SELECT {', '.join(each)}"

    def forget(self) -> None:
        """Have nothing set: a transaction was opened and never begun."""
        self._setting = ""

    async def execute(self, query: str, *args: Any, timeout: float | None = None) -> str:
        if self._setting and query.startswith("BEGIN"):
            query, self._setting = f"{query} {self._setting};", ""
        return await super().execute(query, *args, timeout=timeout)


def forget_at_checkin(engine: Engine) -> None:
    """Have the pool keep no connection with what was to be set for somebody."""

    def forget(connection: Any, _record: Any) -> None:
        if connection is not None:  # None: it was closed
            connection.driver_connection.forget()

    event.listen(engine, "checkin", forget)


def _quoted(text: str) -> str:
    """Return a literal; backslashes are plain, as `standard_conforming_strings` has it."""
    return "'" + text.replace("'", "''") + "'"
