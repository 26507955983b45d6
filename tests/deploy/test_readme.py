"""The chart's README keeps to helm-docs' conventions: each value is described beside it, and stands in the table."""

import json
import re
from collections.abc import Iterator
from typing import Any

import yaml

from tests.deploy.helming import PLATFORM

VALUES = (PLATFORM / "values.yaml").read_text()
KINDS = {bool: "bool", int: "int", str: "string", dict: "object", list: "list"}


def described() -> dict[str, str]:
    """Return the `# --` comment of each value, by its path."""
    found: dict[str, str] = {}
    path: list[str] = []
    comment = ""
    for line in VALUES.splitlines():
        if match := re.match(r"\s*# -- (.*)", line):
            comment = match[1]
        elif match := re.match(r"(\s*)([A-Za-z]\w*):", line):
            path[len(match[1]) // 2 :] = [match[2]]
            if comment:
                found[".".join(path)] = comment
            comment = ""
    return found


def leaves(values: dict[str, Any], known: dict[str, str], above: str = "") -> Iterator[tuple[str, Any]]:
    for key, value in values.items():
        path = f"{above}{key}"
        if isinstance(value, dict) and value and path not in known:
            yield from leaves(value, known, f"{path}.")
        else:
            yield path, value


def test_the_table_has_every_value_with_its_default_and_description():
    known = described()
    wanted = [
        f"| {path} | {KINDS[type(value)]} | `{json.dumps(value, separators=(',', ':'))}` | {known.get(path, '')} |"
        for path, value in sorted(leaves(yaml.safe_load(VALUES), known))
    ]
    readme = (PLATFORM / "README.md").read_text()
    shown = [line for line in readme.splitlines() if line.startswith("| ") and not line.startswith("| Key")]
    assert shown == wanted, "run helm-docs in deploy/helm/slipway"


def test_every_value_is_described():
    known = described()
    assert not [path for path, _ in leaves(yaml.safe_load(VALUES), known) if path not in known]


def test_the_text_is_the_template_s():
    """README.md is written by helm-docs from README.md.gotmpl: what one says, the other says."""
    template = (PLATFORM / "README.md.gotmpl").read_text()
    words = [part for part in re.split(r"\{\{.*?\}\}", template) if part.strip()]
    readme = (PLATFORM / "README.md").read_text()
    assert [part.strip() for part in words if part.strip() not in readme] == []
