"""The web console as the API serves it: caching, compression, the policy, and addresses that belong to pages."""

from pathlib import Path
from typing import Any

import httpx
import msgspec
import pytest
from litestar import Litestar

from slipway_api.app import create_app
from slipway_api.console_files import read_console
from slipway_api.deps import Deps

PAGE = {"Accept": "text/html,application/xhtml+xml"}
DOCUMENT = "<!doctype html><title>Slipway</title>"


@pytest.fixture
def app(deps: Deps, tmp_path: Path) -> Litestar:
    (tmp_path / "index.html").write_text(DOCUMENT)
    (tmp_path / "assets").mkdir()
    (tmp_path / "assets" / "index-abc.js").write_text("console.log(1)" * 100)
    (tmp_path / ".vite").mkdir()
    (tmp_path / ".vite" / "manifest.json").write_text("{}")
    return create_app(msgspec.structs.replace(deps, console=read_console(tmp_path)))


@pytest.fixture
def root(api: httpx.AsyncClient) -> str:
    return str(api.base_url.copy_with(path="/")).rstrip("/")


async def test_every_page_is_the_one_document_and_is_asked_for_again(api: httpx.AsyncClient, root: str):
    for path in ("/", "/deployments", "/admin/users?q=a"):
        answer = await api.get(root + path, headers=PAGE)
        assert (answer.status_code, answer.text) == (200, DOCUMENT)
        assert answer.headers["Cache-Control"] == "no-cache"
        again = await api.get(root + path, headers={**PAGE, "If-None-Match": answer.headers["ETag"]})
        assert (again.status_code, again.content) == (304, b"")


async def test_the_policy_lets_no_foreign_or_inline_script_run(api: httpx.AsyncClient, root: str):
    answer = await api.get(f"{root}/", headers=PAGE)
    policy = dict(part.split(" ", 1) for part in answer.headers["Content-Security-Policy"].split("; "))
    assert policy["script-src"] == "'self'"
    assert policy["default-src"] == policy["frame-ancestors"] == policy["base-uri"] == "'none'"
    assert answer.headers["X-Content-Type-Options"] == "nosniff"


async def test_files_with_a_hash_are_kept_for_ever_and_sent_compressed(api: httpx.AsyncClient, root: str):
    answer = await api.get(f"{root}/assets/index-abc.js", headers={"Accept-Encoding": "gzip"})
    assert answer.headers["Content-Type"].startswith("text/javascript")
    assert answer.headers["Cache-Control"] == "public, max-age=31536000, immutable"
    assert answer.headers["Content-Encoding"] == "gzip"
    assert answer.text == "console.log(1)" * 100
    plain = await api.get(f"{root}/assets/index-abc.js", headers={"Accept-Encoding": "identity"})
    assert "Content-Encoding" not in plain.headers
    assert plain.text == answer.text


@pytest.mark.parametrize(
    ("path", "headers"),
    [
        ("/api/v1/nothing", PAGE),
        ("/assets/gone.js", {"Accept": "*/*"}),
        ("/deployments", {"Accept": "application/json"}),
        ("/.vite/manifest.json", {"Accept": "*/*"}),
        ("/../pyproject.toml", {"Accept": "*/*"}),
        ("/%2e%2e/%2e%2e/etc/passwd", {"Accept": "*/*"}),
    ],
)
async def test_what_is_no_page_and_no_file_is_a_problem(
    api: httpx.AsyncClient, root: str, path: str, headers: dict[str, str]
):
    answer = await api.get(root + path, headers=headers)
    assert (answer.status_code, answer.json()["code"]) == (404, "not_found")


async def test_a_console_that_is_not_built_says_so(deps: Deps, tmp_path: Path):
    unbuilt: Any = create_app(msgspec.structs.replace(deps, console=read_console(tmp_path / "none")))
    transport = httpx.ASGITransport(app=unbuilt)
    async with httpx.AsyncClient(transport=transport, base_url="http://slipway") as client:
        answer = await client.get("/", headers=PAGE)
    assert "make console" in answer.json()["detail"]
