"""Which of two template versions is the newer one. Pure.

By their labels when both read as versions; else by the versions of their chart when it is the same chart; else, and when
those are equal, by when they were registered. Versions are ordered as SemVer 2 says (1.9 before 1.10, 2.0.0-rc.1 before
2.0.0, build metadata counts for nothing); as for Helm, a `v` may stand before one and minor or patch may be missing.
"""

import re
from datetime import datetime
from uuid import UUID

import msgspec

_VERSION = re.compile(
    r"v?(0|[1-9][0-9]*)(?:\.(0|[1-9][0-9]*))?(?:\.(0|[1-9][0-9]*))?"
    r"(?:-([0-9A-Za-z-]+(?:\.[0-9A-Za-z-]+)*))?(?:\+[0-9A-Za-z-]+(?:\.[0-9A-Za-z-]+)*)?\Z"
)

Precedence = tuple[tuple[int, ...], bool, tuple[tuple[bool, int, str], ...]]


class TemplateVersion(msgspec.Struct, frozen=True, kw_only=True):
    """What of a template version its place in the order depends on."""

    id: UUID
    created_at: datetime
    version_label: str | None = None
    chart_ref: str | None = None
    chart_version: str | None = None


def is_newer(one: TemplateVersion, other: TemplateVersion) -> bool:
    """Tell whether `one` is newer than `other`, of the same product."""
    pairs = [(one.version_label, other.version_label)]
    if one.chart_ref == other.chart_ref:
        pairs.append((one.chart_version, other.chart_version))
    for mine, theirs in pairs:
        left, right = precedence(mine), precedence(theirs)
        if left is not None and right is not None and left != right:
            return left > right
    return (one.created_at, one.id) > (other.created_at, other.id)


def precedence(version: str | None) -> Precedence | None:
    """Return what versions are compared by; None for what is no version."""
    found = _VERSION.match(version or "")
    if not found or len(found[0]) > 255:
        return None
    numbers = tuple(int(found[place] or 0) for place in (1, 2, 3))
    parts = found[4].split(".") if found[4] else []
    before = tuple((False, int(part), "") if part.isdigit() else (True, 0, part) for part in parts)
    return numbers, not before, before
