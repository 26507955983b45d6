"""Classic chart repositories: an index over https says where the archives are, and is not believed."""

import asyncio
import hashlib
from collections.abc import AsyncIterator
from urllib.parse import urljoin

import httpx
import pytest

from slipway_executor.charts.fetch import ARCHIVE_LIMIT, INDEX_LIMIT, MANIFEST_LIMIT, ChartClient, Login
from slipway_executor.failing import OperationFailed

HOST = "charts.example.org"
GOOD = b"an archive"
DIGEST = f"sha256:{hashlib.sha256(GOOD).hexdigest()}"
REPOSITORY = f"https://{HOST}/charts"


class Repository:
    """A classic repository: an index, and archives where it says."""

    def __init__(self, place: str = "app-1.0.0.tgz", *, index: str = "", login: str = "") -> None:
        entries = f"entries: {{app: [{{version: 0.9.0, urls: [old.tgz]}}, {{version: 1.0.0, urls: ['{place}']}}]}}"
        self.index = index or entries
        self.login = login
        self.seen: list[tuple[str, str]] = []
        """URL and Authorization of each request."""

    def __call__(self, request: httpx.Request) -> httpx.Response:
        self.seen.append((str(request.url), request.headers.get("Authorization", "")))
        if self.login and self.seen[-1][1] != self.login:
            return httpx.Response(401, headers={"WWW-Authenticate": 'Basic realm="x"'})
        if request.url.path.endswith("/index.yaml"):
            return httpx.Response(200, stream=httpx.ByteStream(self.index.encode()))
        return (
            httpx.Response(200, stream=httpx.ByteStream(GOOD))
            if request.url.path.endswith(".tgz")
            else httpx.Response(404)
        )

    def client(self) -> ChartClient:
        trusted = (HOST, "files.example.net")
        return ChartClient(httpx.AsyncClient(transport=httpx.MockTransport(self)), trusted=trusted)

    async def archive(self, version: str = "1.0.0", *, login: Login | None = None) -> bytes:
        found = await self.client().archive(f"{REPOSITORY}/app", version, DIGEST, plain_http=False, login=login)
        return found.archive


@pytest.mark.parametrize(
    "place",
    ["app-1.0.0.tgz", f"{REPOSITORY}/app.tgz", f"https://{HOST}/else/app.tgz", "https://files.example.net/app.tgz"],
)
async def test_a_classic_repository_says_where_its_archives_are(place: str):
    repository = Repository(place)
    assert await repository.archive() == GOOD
    assert [url for url, _ in repository.seen] == [f"{REPOSITORY}/index.yaml", urljoin(f"{REPOSITORY}/", place)]
    assert await repository.client().resolve(f"{REPOSITORY}/app", "1.0.0", plain_http=False) == DIGEST


@pytest.mark.parametrize(
    "place",
    [
        "https://evil.example/app.tgz",
        f"http://{HOST}/app.tgz",
        "//evil.example/app.tgz",
        "file:///etc/passwd",
        f"https://{HOST}:8443/a.tgz",
    ],
)
async def test_an_archive_that_lies_on_no_host_of_the_list_is_not_asked_for(place: str):
    """Row 50."""
    repository = Repository(place)
    with pytest.raises(OperationFailed) as caught:
        await repository.archive()
    assert caught.value.failure.code == "chart_elsewhere"
    assert [url for url, _ in repository.seen] == [f"{REPOSITORY}/index.yaml"]


@pytest.mark.parametrize(
    "index",
    [
        "",
        "entries: {}",
        "entries: {app: [{version: 1.0.0, urls: []}]}",
        "entries: {app: [x]}",
        "[]",
        "{",
        "entries: {app: 1}",
        "5",
    ],
)
async def test_an_index_without_the_version_is_told(index: str):
    """Row 46: it was waited for, for ever."""
    with pytest.raises(OperationFailed) as caught:
        await asyncio.wait_for(Repository(index=index).archive("1.0.0" if index else "2.0.0"), 30)
    assert caught.value.failure.code == "chart_not_found"


async def test_a_classic_repositorys_credentials_stay_with_it():
    login = Login(username="me", password="pass")
    repository = Repository(login=login.basic)
    assert await repository.archive(login=login) == GOOD
    elsewhere = Repository("https://files.example.net/app.tgz", login=login.basic)
    with pytest.raises(OperationFailed, match="wants credentials"):
        await elsewhere.archive(login=login)
    assert not [sent for url, sent in elsewhere.seen if sent and HOST not in url]


class Endless(httpx.AsyncByteStream):
    """A body that says no length and does not end."""

    def __init__(self) -> None:
        self.sent_mib = 0

    async def __aiter__(self) -> AsyncIterator[bytes]:
        while True:
            self.sent_mib += 1
            yield bytes(2**20)


@pytest.mark.parametrize(
    ("ref", "at", "limit"),
    [
        (f"{REPOSITORY}/app", "/charts/index.yaml", INDEX_LIMIT),
        (f"{REPOSITORY}/app", "/charts/app-1.0.0.tgz", ARCHIVE_LIMIT),
        (f"oci://{HOST}/app", f"/v2/app/manifests/{DIGEST}", MANIFEST_LIMIT),
    ],
    ids=["index", "archive", "manifest"],
)
async def test_no_more_is_read_than_the_limit(ref: str, at: str, limit: int):
    """Row 46."""
    body, repository = Endless(), Repository()

    def answer(request: httpx.Request) -> httpx.Response:
        return httpx.Response(200, stream=body) if request.url.path == at else repository(request)

    client = ChartClient(httpx.AsyncClient(transport=httpx.MockTransport(answer)))
    with pytest.raises(OperationFailed) as caught:
        await client.archive(ref, "1.0.0", DIGEST, plain_http=False)
    assert (caught.value.failure.code, body.sent_mib) == ("chart_too_large", limit // 2**20 + 1)
