"""Secret fields of a user's values: how they are masked, and how a chart is told of them. Pure."""

import hashlib
import re
from collections.abc import Iterable, Mapping
from typing import Any

import msgspec

from slipway.domain.charts import SecretField
from slipway.domain.values import Values, at, merge, nest, parse_pointer

MASK = "********"
"""Stands for a stored secret, in answers and in the database; sent back, it means: as it was."""
REFERENCE = "$secretRef"
_NOT_A_KEY = re.compile(r"[^A-Za-z0-9._-]+")


class Reference(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A Secret of the deployment's namespace that is there already."""

    name: str
    key: str


def reference_of(value: Any) -> Reference | None:
    """Return the reference that a value is, or None; msgspec.ValidationError when it tries to be one and is not."""
    if isinstance(value, dict) and REFERENCE in value:
        return msgspec.convert(value[REFERENCE], Reference)
    return None


def replace(values: Values, path: tuple[str, ...], value: Any) -> Values:
    """Return the values with one place set to something else; None removes it, and objects that are empty then."""
    key, *rest = path
    below = replace(values.get(key) or {}, tuple(rest), value) if rest else value
    others = {name: child for name, child in values.items() if name != key}
    return others if below is None or (rest and below == {}) else {**others, key: below}


def set_name(ciphertexts: Iterable[str]) -> str:
    """Return the name of the Secret that holds these: another name for other values, so that pods are rolled."""
    digest = hashlib.sha256("\n".join(sorted(ciphertexts)).encode()).hexdigest()
    return f"slipway-secrets-{digest[:10]}"


def key_of(place: str, field: SecretField) -> str:
    """Return the key in the Secret under which a field's value lies."""
    return field.fixed_key or _NOT_A_KEY.sub("-", "-".join(parse_pointer(place)))[-253:]


def referring(user_values: Values, fields: Mapping[str, SecretField], secret: str) -> tuple[Values, Values]:
    """Return the user's values without their secret fields, and the layer that tells the chart where those are.

    `secret` is the name of the Secret that Slipway writes; a `$secretRef` names its own.
    """
    layer: Values = {}
    for place, field in sorted(fields.items()):
        path = parse_pointer(place)
        value = at(user_values, path)
        if value is None:
            continue
        user_values = replace(user_values, path, None)
        told = reference_of(value) or Reference(name=secret, key=key_of(place, field))
        for where, what in ((field.name, told.name), (field.key, told.key)):
            if where:
                layer = merge(layer, nest(parse_pointer(where), what))
    return user_values, layer
