"""Where the secret fields of a user's values are, by the schema. Pure."""

from typing import Any

from slipway.domain import schemas
from slipway.domain.charts import Capabilities
from slipway.domain.schemas import Document, Path
from slipway.domain.values import USER, at, pointer

_DEEPEST = 100
"""Steps into a schema; values have fewer levels."""
_MOST = 1000
"""Secrets of one schema."""


def secret_pointers(schema: dict[str, Any], capabilities: Capabilities) -> set[str]:
    """Return the JSON pointers, in the user's values, of the fields that are secret by schema or by capability."""
    walk = _Walk(schema)
    return {pointer(path) for path in walk.of_users(capabilities)} | set(capabilities.secret_fields)


def secrets_end(schema: dict[str, Any], capabilities: Capabilities) -> bool:
    """Tell whether the schema's secrets have places that can be told one by one: none in a part that contains itself."""
    walk = _Walk(schema)
    walk.of_users(capabilities)
    return not walk.endless


def placeless_secret(schema: dict[str, Any], capabilities: Capabilities) -> str | None:
    """Return the JSON pointer, in the schema, of what makes a secret without a fixed place in the values, or None.

    An item of a list and a property whose name the user chooses have none.
    """
    walk = _Walk(schema)
    walk.of_users(capabilities)
    return walk.placeless


class _Walk:
    """One way through a schema in search of secrets. A part is looked at once, however many places refer to it."""

    def __init__(self, root: dict[str, Any]) -> None:
        self.endless = False
        """Whether some secrets were left out: those below a reference to itself, or too many or too deep to tell."""
        self.placeless: str | None = None
        """Where in the schema the first secret stands that no fixed path in the values leads to."""
        self._document = Document(root)
        self._known: dict[str, set[Path]] = {}
        self._open: list[str] = []
        """The references on the way to here."""
        self._again: set[str] = set()
        """Those that were met while they were open."""

    def of_users(self, capabilities: Capabilities) -> set[Path]:
        """Return the paths of the secrets in what a user may give."""
        root = self._document.root
        place = () if capabilities.user_values_paths is not None else ("properties", USER)
        if self._document.embedded and any(_is_secret(node) for node, _ in schemas.walk(root)):
            self.placeless = pointer(self._document.embedded[0])  # what references in it mean is not followed
        return self._below(at(root, place), place, 0) - {()}

    def _below(self, node: Any, where: Path, depth: int) -> set[Path]:
        """Return the paths of the secrets below a node, from there; the empty one is the node itself."""
        if not isinstance(node, dict):
            return set()
        if depth > _DEEPEST:
            self.endless = True
            return set()
        found: set[Path] = {()} if _is_secret(node) else set()
        for reference in schemas.references(node):
            found |= self._referred(reference, depth)
        for child, place in schemas.same_place(node, where):
            found = self._few(found | self._below(child, place, depth + 1))
        for name, (child, place) in schemas.properties(node, where):
            below = self._below(child, place, depth + 1)
            found = self._few(found | ({(name,)} if () in below else {(name, *path) for path in below}))
        for child, place in schemas.nameless(node, where) if () not in found else ():
            if self._below(child, place, depth + 1) and self.placeless is None:
                self.placeless = pointer(place)
        return found

    def _referred(self, reference: str, depth: int) -> set[Path]:
        if reference in self._open:
            self._again.add(reference)
            return set()
        if reference not in self._known:
            self._open.append(reference)
            node, where = self._document.named(reference)
            found = self._known[reference] = self._below(node, where, depth + 1)
            self._open.pop()
            self.endless |= bool(found) and reference in self._again
        return self._known[reference]

    def _few(self, found: set[Path]) -> set[Path]:
        if len(found) <= _MOST:
            return found
        self.endless = True
        return set(sorted(found)[:_MOST])


def _is_secret(node: dict[str, Any]) -> bool:
    return node.get("writeOnly") is True or node.get("format") == "password"
