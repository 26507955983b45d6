"""What a chart says of itself, read from an archive that was judged before."""

import tarfile
from pathlib import Path
from typing import Any

import msgspec
from yaml import YAMLError

from slipway.messaging.queries import InspectedChart
from slipway_executor.charts.contents import SCHEMA
from slipway_executor.cluster import yaml
from slipway_executor.failing import terminal

LIMIT = 256 * 1024
"""Of each file that is shown: an answer has to fit into a message."""


def read(path: Path, digest: str) -> InspectedChart:
    """Return name, version, values and schema. OperationFailed when they cannot be read."""
    with tarfile.open(path, mode="r:gz") as archive:
        files = {name: _file(archive, name) for name in ("Chart.yaml", "values.yaml", SCHEMA)}
    chart = _object(files["Chart.yaml"], "Chart.yaml") or {}
    if not isinstance(version := chart.get("version"), str):
        raise terminal("chart_unreadable", "the chart's Chart.yaml names no version")
    return InspectedChart(
        digest=digest,
        name=str(chart.get("name")),
        version=version,
        app_version=_text(chart, "appVersion"),
        description=_text(chart, "description"),
        values=_object(files["values.yaml"], "values.yaml"),
        values_schema=_object(files[SCHEMA], SCHEMA),
    )


def _file(archive: tarfile.TarFile, name: str) -> bytes | None:
    """Return a file at the chart's top; None where there is none, or it is too large to show."""
    for entry in archive:
        parts = entry.name.split("/")
        if entry.isfile() and len(parts) == 2 and parts[1] == name and entry.size <= LIMIT:
            file = archive.extractfile(entry)
            return file.read() if file else None
    return None


def _object(content: bytes | None, name: str) -> dict[str, Any] | None:
    if content is None:
        return None
    try:
        found = yaml.load_bounded(content, most=2 * LIMIT)  # JSON is YAML
        msgspec.json.encode(found)  # what an answer cannot carry (keys that are no text, dates) is told here
    except yaml.TooMuch:
        return None  # like a file that is too large
    except (YAMLError, RecursionError, TypeError, UnicodeDecodeError) as error:
        raise terminal("chart_unreadable", f"the chart's {name} cannot be read") from error
    return found if isinstance(found, dict) else None


def _text(chart: dict[str, Any], name: str) -> str | None:
    return str(chart[name])[:1000] if chart.get(name) is not None else None
