"""Where PostgreSQL is: a libpq URL, read by the driver itself, so that every spelling holds that it knows (`sslmode`, ...)."""

import re
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl

import asyncpg

_HOST = r"(\[[0-9A-Fa-f:.]+\]|[^\[\]:@/?#,\s]+)(:[0-9]+)?"
_SHAPE = re.compile(
    rf"postgres(ql)?(\+asyncpg)?://([^\[\]@/?#\s]*@)?({_HOST}(,{_HOST})*)?(/[^?#]*)?(\?(?P<query>[^#]*))?"
)
_FILES = ("sslrootcert", "sslcert", "sslkey", "sslcrl")
_UNREADABLE = (
    "must begin with postgresql:// and read as postgresql://user:password@host:port/database?sslmode=require;"
    " other characters than letters, digits and -._~ of user and password are written as %40 and the like"
)


class DsnError(ValueError):
    """DATABASE_URL cannot be used; says why in a sentence, without any part of a password."""


def fault(dsn: str) -> str | None:
    """Say what is wrong with a URL by which no server can be meant, without any part of a password."""
    found = _SHAPE.fullmatch(dsn)
    try:
        options = dict(parse_qsl(found["query"] or "", strict_parsing=bool(found["query"]))) if found else None
    except ValueError:  # its words quote the query, which may hold a password
        options = None
    if options is None:
        return _UNREADABLE
    for name in _FILES:
        if (path := options.get(name)) and not Path(path).is_file():
            return f"names a file that is not there: {name}={path}"
    return None


def readable(dsn: str) -> str:
    """Return the URL as the driver and PostgreSQL's own programs take it. DsnError when no server can be meant by it."""
    if wrong := fault(dsn):
        raise DsnError(f"DATABASE_URL {wrong}")
    return f"postgresql://{dsn.partition('://')[2]}"


async def connect(dsn: str, **options: Any) -> asyncpg.Connection:
    """Open a connection; the options are the driver's and win over the URL's. DsnError when the URL cannot be used."""
    url = readable(dsn)
    try:
        return await asyncpg.connect(url, **options)
    except asyncpg.ClientConfigurationError as error:
        raise DsnError(f"DATABASE_URL cannot be used: {error.args[0]}") from None
    except OSError:  # a certificate that is not trusted is a ValueError too
        raise
    except ValueError:
        raise DsnError(f"DATABASE_URL {_UNREADABLE}") from None
