"""Entity tags: deployments by generation, all else by the time of the last change."""

from datetime import datetime


def etag_of(version: datetime | int) -> str:
    text = version.isoformat() if isinstance(version, datetime) else str(version)
    return f'"{text}"'
