"""Judges an archive before Helm loads it: size when unpacked, number and names of its entries, no links."""

import io
import tarfile
import zlib

from slipway_executor.failing import terminal

UNPACKED_LIMIT = 100 * 1024 * 1024
ENTRY_LIMIT = 10_000


def check(content: bytes) -> None:
    """Raise OperationFailed when the archive is not a plain chart."""
    unpacked = _unpack(content)
    try:
        with tarfile.open(fileobj=io.BytesIO(unpacked), mode="r:") as archive:
            _check_entries(archive)
    except tarfile.TarError as error:
        raise terminal("chart_unreadable", "the chart's archive cannot be read") from error


def _unpack(content: bytes) -> bytes:
    stream = zlib.decompressobj(wbits=31)
    try:
        unpacked = stream.decompress(content, UNPACKED_LIMIT + 1)
    except zlib.error as error:
        raise terminal("chart_unreadable", "the chart's archive is not gzipped") from error
    if len(unpacked) > UNPACKED_LIMIT or stream.unconsumed_tail:
        raise terminal("chart_too_large", f"the chart unpacks to more than {UNPACKED_LIMIT // 2**20} MiB")
    return unpacked


def _check_entries(archive: tarfile.TarFile) -> None:
    charts, roots = 0, set[str]()
    for count, entry in enumerate(archive):
        parts = entry.name.split("/")
        if count >= ENTRY_LIMIT:
            raise terminal("chart_too_large", f"the chart has more than {ENTRY_LIMIT} files")
        if entry.name.startswith("/") or ".." in parts or "\\" in entry.name:
            raise terminal("chart_unsafe", "the chart has a file outside of its folder")
        if not (entry.isfile() or entry.isdir()):
            raise terminal("chart_unsafe", "the chart has a link or a special file")
        roots.add(parts[0])
        charts += len(parts) == 2 and parts[1] == "Chart.yaml"
    if charts != 1 or len(roots) != 1:
        raise terminal("chart_unreadable", "the archive does not hold one chart")
