"""Judges an archive before Helm loads it: one end, size when unpacked, entries' number and names, no links; subcharts too."""

import io
import tarfile
import zlib
from pathlib import PurePosixPath

from slipway_executor.charts import contents
from slipway_executor.failing import terminal

UNPACKED_LIMIT = 100 * 1024 * 1024
ENTRY_LIMIT = 10_000
PACKED_DEPTH = 5
"""How deep archives of subcharts may lie in each other."""


def check(content: bytes) -> None:
    """Raise OperationFailed when the archive is not a plain chart."""
    _check(content, _Left())


class _Left:
    """What may still be unpacked, subcharts included."""

    def __init__(self) -> None:
        self.bytes = UNPACKED_LIMIT
        self.entries = ENTRY_LIMIT
        self.depth = PACKED_DEPTH


def _check(content: bytes, left: _Left) -> None:
    unpacked = _unpack(content, left)
    try:
        with tarfile.open(fileobj=io.BytesIO(unpacked), mode="r:") as archive:
            _check_entries(archive, left)
            rest = unpacked[archive.offset :]
    except tarfile.TarError as error:
        raise terminal("chart_unreadable", "the chart's archive cannot be read") from error
    if rest.strip(b"\0"):  # where we see the end of a tar, Helm must see it too
        raise terminal("chart_unreadable", "the chart's archive goes on after its end")


def _unpack(content: bytes, left: _Left) -> bytes:
    stream = zlib.decompressobj(wbits=31)
    try:
        unpacked = stream.decompress(content, left.bytes + 1)
    except zlib.error as error:
        raise terminal("chart_unreadable", "the chart's archive is not gzipped") from error
    if len(unpacked) > left.bytes or stream.unconsumed_tail:
        raise terminal("chart_too_large", f"the chart unpacks to more than {UNPACKED_LIMIT // 2**20} MiB")
    if not stream.eof or stream.unused_data:  # Helm would read on in the next member
        raise terminal("chart_unreadable", "the chart's archive is not one whole gzip")
    left.bytes -= len(unpacked)
    return unpacked


def _check_entries(archive: tarfile.TarFile, left: _Left) -> None:
    charts, roots = 0, set[str]()
    for entry in archive:
        parts = entry.name.split("/")
        left.entries -= 1
        if left.entries < 0:
            raise terminal("chart_too_large", f"the chart has more than {ENTRY_LIMIT} files")
        if entry.name.startswith("/") or ".." in parts or "\\" in entry.name:
            raise terminal("chart_unsafe", "the chart has a file outside of its folder")
        if not (entry.isfile() or entry.isdir()):
            raise terminal("chart_unsafe", "the chart has a link or a special file")
        roots.add(parts[0])
        charts += len(parts) == 2 and parts[1] == "Chart.yaml"
        if entry.isfile():
            _check_content(archive, entry, left)
    if charts != 1 or len(roots) != 1:
        raise terminal("chart_unreadable", "the archive does not hold one chart")


def _check_content(archive: tarfile.TarFile, entry: tarfile.TarInfo, left: _Left) -> None:
    path = PurePosixPath(entry.name)
    subchart = path.suffix == ".tgz" and path.parent.name == "charts"
    own = path.name in ("Chart.yaml", contents.SCHEMA) and (len(path.parts) == 2 or path.parts[-3:-2] == ("charts",))
    if not own and not subchart:
        return
    file = archive.extractfile(entry)
    content = file.read() if file else b""
    if path.name == contents.SCHEMA:
        contents.check_schema(content)
    elif not subchart:
        contents.check_name(content)
    elif left.depth <= 0:
        raise terminal("chart_too_large", f"the chart's subcharts lie more than {PACKED_DEPTH} deep")
    else:
        left.depth -= 1
        _check(content, left)
        left.depth += 1
