"""Secret fields of a user's values: where they are, how they are masked, and how a chart is told of them. Pure."""

import hashlib
import re
from collections.abc import Iterable, Mapping
from typing import Any

import msgspec

from slipway.domain.charts import Capabilities, SecretField
from slipway.domain.values import USER, Values, at, merge, nest, parse_pointer, pointer

MASK = "********"
"""Stands for a stored secret, in answers and in the database; sent back, it means: as it was."""
REFERENCE = "$secretRef"
Path = tuple[str, ...]
"""The keys that lead to a place."""
_DEEPEST = 100
"""Steps into a schema; values have fewer levels."""
_MOST = 1000
"""Secrets of one schema."""
_NOT_A_KEY = re.compile(r"[^A-Za-z0-9._-]+")


class Reference(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A Secret of the deployment's namespace that is there already."""

    name: str
    key: str


def secret_pointers(schema: dict[str, Any], capabilities: Capabilities) -> set[str]:
    """Return the JSON pointers, in the user's values, of the fields that are secret by schema or by capability."""
    walk = _Walk(schema)
    return {pointer(path) for path in walk.of_users(capabilities)} | set(capabilities.secret_fields)


def secrets_end(schema: dict[str, Any], capabilities: Capabilities) -> bool:
    """Tell whether the schema's secrets have places that can be told one by one: none in a part that contains itself."""
    walk = _Walk(schema)
    walk.of_users(capabilities)
    return not walk.endless


class _Walk:
    """One way through a schema in search of secrets. A part is looked at once, however many places refer to it."""

    def __init__(self, root: dict[str, Any]) -> None:
        self.endless = False
        """Whether some secrets were left out: those below a reference to itself, or too many or too deep to tell."""
        self._root = root
        self._known: dict[str, set[Path]] = {}
        self._open: list[str] = []
        """The references on the way to here."""
        self._again: set[str] = set()
        """Those that were met while they were open."""

    def of_users(self, capabilities: Capabilities) -> set[Path]:
        """Return the paths of the secrets in what a user may give."""
        own = self._root if capabilities.user_values_paths is not None else at(self._root, ("properties", USER))
        return self._below(own, 0) - {()}

    def _below(self, node: Any, depth: int) -> set[Path]:
        """Return the paths of the secrets below a node, from there; the empty one is the node itself."""
        if not isinstance(node, dict):
            return set()
        if depth > _DEEPEST:
            self.endless = True
            return set()
        found: set[Path] = {()} if node.get("writeOnly") is True or node.get("format") == "password" else set()
        if isinstance(node.get("$ref"), str):
            found |= self._referred(node["$ref"], depth)
        for several in ("allOf", "anyOf", "oneOf"):
            choices = node.get(several)
            for child in choices if isinstance(choices, list) else ():
                found = self._few(found | self._below(child, depth + 1))
        properties = node.get("properties")
        for name, child in properties.items() if isinstance(properties, dict) else ():
            below = self._below(child, depth + 1)
            found = self._few(found | ({(name,)} if () in below else {(name, *path) for path in below}))
        return found

    def _referred(self, reference: str, depth: int) -> set[Path]:
        if reference in self._open:
            self._again.add(reference)
            return set()
        if reference not in self._known:
            self._open.append(reference)
            found = self._known[reference] = self._below(_local(reference, self._root), depth + 1)
            self._open.pop()
            self.endless |= bool(found) and reference in self._again
        return self._known[reference]

    def _few(self, found: set[Path]) -> set[Path]:
        if len(found) <= _MOST:
            return found
        self.endless = True
        return set(sorted(found)[:_MOST])


def _local(reference: str, root: dict[str, Any]) -> Any:
    return at(root, parse_pointer(reference.removeprefix("#"))) if reference.startswith("#/") else None


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
