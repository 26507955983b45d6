"""The one shape of Slipway's value types: frozen, keyword-only msgspec Structs."""

import msgspec


class Value(msgspec.Struct, frozen=True, kw_only=True):
    """An immutable value; equal when its fields are equal."""
