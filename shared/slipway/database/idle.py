"""Connections that went away while they lay in the pool are found before they are used."""

import time
from typing import Any

from sqlalchemy import Engine, event
from sqlalchemy.exc import InvalidatePoolError

PING_AFTER_SEC = 5.0
"""A connection that lay idle for less is asked only whether it has seen its end: a ping is a round trip in each transaction."""


def check_idle(engine: Engine) -> None:
    """Have the pool hand out no connection that is closed, nor one that lay idle for long and does not answer."""

    def lie_down(_connection: Any, record: Any) -> None:
        record.info["idle_since"] = time.monotonic()

    def get_up(connection: Any, record: Any, _fairy: Any) -> None:
        if "idle_since" not in record.info and connection.driver_connection.is_closed():
            raise ConnectionResetError(
                "the server closed a new connection at once"
            )  # the pool would call it our mistake
        idle_sec = time.monotonic() - record.info.get("idle_since", time.monotonic())
        if connection.driver_connection.is_closed() or (idle_sec > PING_AFTER_SEC and not _answers(engine, connection)):
            raise InvalidatePoolError  # the pool makes new ones, for all that are as old

    event.listen(engine, "checkin", lie_down)
    event.listen(engine, "checkout", get_up)


def _answers(engine: Engine, connection: Any) -> bool:
    try:
        return engine.dialect.do_ping(connection)
    except engine.dialect.loaded_dbapi.Error:
        return False
