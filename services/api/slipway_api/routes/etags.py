"""Entity tags: a deployment's `generation`, of all else `updated_at`, as bodies show them."""

from datetime import datetime

import msgspec


def etag_of(version: datetime | int) -> str:
    return f'"{msgspec.to_builtins(version)}"'
