"""Previews: what a change would do, and a promise that just this is done."""

from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec


class ValueChange(msgspec.Struct, frozen=True, kw_only=True):
    field: str
    before: Any = None
    after: Any = None


class ObjectName(msgspec.Struct, frozen=True, kw_only=True):
    api_version: str
    kind: str
    name: str


class FieldChange(msgspec.Struct, frozen=True, kw_only=True):
    pointer: str
    before: Any = None
    after: Any = None


class ObjectChange(ObjectName, frozen=True, kw_only=True):
    fields: list[FieldChange] = []


class Usage(msgspec.Struct, frozen=True, kw_only=True):
    """Thousandths of a core, MiB of memory, GiB of volumes."""

    cpu_milli: int = 0
    memory_mib: int = 0
    storage_gib: int = 0


class Preview(msgspec.Struct, frozen=True, kw_only=True):
    """Given to the change as `preview_id`, what was shown is what runs, or it is refused."""

    id: UUID
    expires_at: datetime
    generation: int
    promises: str
    """`objects`: just these; `inputs`: template and values only."""
    values: list[ValueChange] = []
    added: list[ObjectName] = []
    changed: list[ObjectChange] = []
    removed: list[ObjectName] = []
    usage: Usage = Usage()
    dry_run: bool = False
    removes_everything: bool = False
