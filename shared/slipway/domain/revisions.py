"""Revisions of a release, and how the cluster may differ from them."""

import msgspec


class GoodRevision(msgspec.Struct, frozen=True, kw_only=True):
    """The last revision of the release that was ready: where a failed upgrade goes back to."""

    revision: int
    generation: int
    digest: str


class Drifted(msgspec.Struct, frozen=True, kw_only=True):
    """One live object that is not what the release says. `fields` are JSON pointers; none means that it is missing."""

    kind: str
    name: str
    fields: tuple[str, ...] = ()
