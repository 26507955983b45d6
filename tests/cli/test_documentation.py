"""The documentation is true: it builds without a dead link, and every command in it and in README works on a running system."""

import asyncio
import re
import subprocess
import sys
from pathlib import Path

import msgspec
import pytest

from slipway.dev.stack import Stack
from tests.support import scripted_model as scripted

ROOT = Path(__file__).resolve().parents[2]
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
FENCE = re.compile(r"^```([^\n]*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
RUN = "sh"
NOT_RUN = re.compile(r'\{\.sh not-run="[^":]{10,}: (tests/[^" ]+) [^"]+"\}\Z')
"""A block that cannot be run says why, and which test does what it tells."""
OTHER = {"", "text", "yaml", "json", "toml", "python"}
ASKS = 'slipway chat "'
"""Where this stands, a model is needed."""
LINK = re.compile(r"\]\((?!https?://|#|mailto:)([^)#\s]+)")


class Block(msgspec.Struct, frozen=True):
    info: str
    text: str


def blocks(page: Path) -> list[Block]:
    return [Block(info.strip(), text) for info, text in FENCE.findall(page.read_text())]


def commands(page: Path) -> list[str]:
    return [block.text for block in blocks(page) if block.info == RUN]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_a_block_is_run_or_says_why_not(page: Path):
    """A block of commands is ```sh, or ```{.sh not-run="a reason: its test ..."}; no other name of a shell lets one escape."""
    others = [each.info for each in blocks(page) if each.info not in OTHER | {RUN}]
    assert [each for each in others if not ((said := NOT_RUN.match(each)) and (ROOT / said[1]).exists())] == []


@pytest.mark.e2e
@pytest.mark.parametrize(
    "page", [page for page in PAGES if commands(page) and ASKS not in page.read_text()], ids=lambda page: page.name
)
def test_every_command_works(page: Path, stack: Stack, tmp_path: Path):
    run(page, stack, tmp_path)


@pytest.mark.e2e
@pytest.mark.parametrize("page", [page for page in PAGES if ASKS in page.read_text()], ids=lambda page: page.name)
async def test_every_command_works_with_a_model(
    page: Path, stack: Stack, tmp_path: Path, model: scripted.ScriptedModel
):
    domain = re.search(rf"{ASKS}deploy Hello at (\S+?\.example\.org)", page.read_text())
    assert domain

    def proposed(asked: scripted.Asked) -> dict[str, str]:
        products = scripted.results(asked, "product_list")[-1]["result"]["products"]
        return {
            "product_id": next(each["id"] for each in products if each["name"] == "Hello"), "domain_name": domain[1]
        }  # fmt: skip

    proposal = scripted.Call("deployment_create", proposed)
    model.then(scripted.Call("product_list"), proposal, scripted.Say("Shall I?"), scripted.Say("It is on its way."))
    await asyncio.to_thread(run, page, stack, tmp_path)
    assert len(model.asked) >= 3, "it was asked, and has answered"


def run(page: Path, stack: Stack, tmp_path: Path) -> None:
    """Run the blocks of a page in their order, in one shell, in what looks like a checkout."""
    for name in ("deploy", "docs"):
        (tmp_path / name).symlink_to(ROOT / name)
    (tmp_path / ".slipway").symlink_to(stack.state)
    (tmp_path / ".venv").symlink_to(sys.prefix)
    script = "".join(f"echo '--- block {number}' >&2\n{text}\n" for number, text in enumerate(commands(page), 1))
    ran = subprocess.run(
        ["bash", "-euo", "pipefail", "-c", script], cwd=tmp_path, capture_output=True, text=True, check=False,
        stdin=subprocess.DEVNULL, timeout=280, env={"PATH": "/usr/local/bin:/usr/bin:/bin", "HOME": str(tmp_path), "LANG": "C.UTF-8"},
    )  # fmt: skip
    assert ran.returncode == 0, f"{ran.stdout[-2000:]}\n{ran.stderr[-2000:]}"


def test_the_site_builds_without_a_dead_link(tmp_path: Path):
    built = subprocess.run(
        [sys.executable, "-m", "mkdocs", "build", "--strict", "--site-dir", tmp_path / "site"], cwd=ROOT,
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert built.returncode == 0, built.stderr
    api = (tmp_path / "site" / "api.html").read_text()
    assert "POST /api/v1/deployments" in api
    assert "SLIPWAY_TOKEN_MINUTES" in (tmp_path / "site" / "settings.html").read_text()
    for page in (tmp_path / "site").glob("*.html"):
        outside = re.findall(r'(?:src|href)="(https?://[^"]+)"', page.read_text())
        assert [each for each in outside if "mkdocs.org" not in each] == [], page.name


@pytest.mark.parametrize(
    "page", [*PAGES, *(ROOT / f"{name}.md" for name in ("ARCHITECTURE", "CONTRIBUTING"))], ids=lambda page: page.name
)
def test_links_lead_to_files(page: Path):
    targets = {target for target in LINK.findall(page.read_text()) if target != "api.md"}
    assert [target for target in sorted(targets) if not (page.parent / target).exists()] == []
