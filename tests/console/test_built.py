"""The console as it was built: its size, its parts, its components' own tests."""

import gzip
import subprocess
from typing import Any

import msgspec

from slipway.dev.node import command, environment
from tests.console.conftest import BUILT, CONSOLE

FIRST_PAGE_BYTES = 250 * 1024


def _first_page(manifest: dict[str, Any]) -> set[str]:
    """Return the scripts that the frame and the catalogue need, each with what it imports."""
    found: set[str] = set()
    waiting = ["index.html", "src/pages/catalogue/Catalogue.tsx"]
    while waiting:
        part = manifest[waiting.pop()]
        if part["file"] not in found:
            found.add(part["file"])
            waiting += part.get("imports", [])
    return found


def test_the_first_page_needs_at_most_250_kb_of_compressed_javascript():
    manifest = msgspec.json.decode((BUILT / ".vite" / "manifest.json").read_bytes())
    scripts = {name for name in _first_page(manifest) if name.endswith(".js")}
    size = sum(len(gzip.compress((BUILT / name).read_bytes())) for name in scripts)
    assert 50 * 1024 < size <= FIRST_PAGE_BYTES, f"{size / 1024:.0f} KB in {sorted(scripts)}"


def test_the_document_runs_no_script_of_its_own():
    text = (BUILT / "index.html").read_text()
    assert text.count("<script") == text.count('<script type="module" crossorigin src="/assets/')


def test_the_lock_file_names_no_place_to_download_from():
    assert '"resolved"' not in (CONSOLE / "package-lock.json").read_text()


def test_components():
    ran = subprocess.run(
        command("node_modules/vitest/vitest.mjs", "run"), cwd=CONSOLE, env=environment(), check=False,
        capture_output=True, text=True,
    )  # fmt: skip
    assert ran.returncode == 0, ran.stdout + ran.stderr
