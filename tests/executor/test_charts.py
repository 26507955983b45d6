"""Archives are judged before anything loads them; registries are not believed."""

import asyncio
import base64
import gzip
import hashlib
import io
import os
import tarfile
from collections.abc import Callable
from pathlib import Path

import httpx
import msgspec
import pytest
from nacl.public import PublicKey, SealedBox

from slipway.domain.archives import CHART_LAYER
from slipway.domain.charts import Registries
from slipway.messaging.messages import Chart, Sealed
from slipway.messaging.queries import InspectChart
from slipway_executor.charts import archive
from slipway_executor.charts.fetch import ChartClient, Fetched
from slipway_executor.charts.store import LEFT_SEC, ChartStore
from slipway_executor.failing import OperationFailed
from slipway_executor.insight.charts import Inspecting
from slipway_executor.sealing import Keyring

HOST = "registry.example.org"
KEYRING = Keyring(bytes(range(32)))
REF = f"oci://{HOST}/charts/app"


def tar(*entries: tuple[str, bytes | str]) -> bytes:
    """Return a gzipped tar; an entry whose content is text is a symbolic link to it."""
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w") as out:
        for name, content in entries:
            info = tarfile.TarInfo(name)
            if isinstance(content, str):
                info.type, info.linkname = tarfile.SYMTYPE, content
                out.addfile(info)
            else:
                info.size = len(content)
                out.addfile(info, io.BytesIO(content))
    return gzip.compress(packed.getvalue(), mtime=0)


CHART = b"name: app\n"
GOOD = tar(("app/Chart.yaml", CHART), ("app/templates/a.yaml", b"x"))

OUTSIDE = [
    '{"$ref": "file:///etc/passwd"}',
    '{"properties": {"a": {"allOf": [{"$ref": "http://169.254.169.254/latest"}]}}}',
    '{"$dynamicRef": "https://example.org/x"}',
    '{"$ref": "other.json"}',
    '{"$schema": "https://example.org/mine"}',
    "no json",
    '{"not":' * 100_000 + "{}" + "}" * 100_000,
]


def schema(text: str) -> bytes:
    """Return a chart with this schema."""
    return tar(("app/Chart.yaml", CHART), ("app/values.schema.json", text.encode()))


def nested(content: bytes) -> bytes:
    """Return a chart with an archive as its subchart."""
    return tar(("app/Chart.yaml", CHART), ("app/charts/sub.tgz", content))


SPLIT = gzip.decompress(GOOD).rstrip(b"\0").ljust(4 * 512, b"\0")
"""A chart as a tar that goes on: without the empty blocks at its end."""
MORE = gzip.decompress(tar(("app/values.schema.json", OUTSIDE[0].encode())))
GOES_ON = [
    gzip.compress(SPLIT, mtime=0) + gzip.compress(MORE, mtime=0),
    GOOD + b"more",
    GOOD[:-4],
    gzip.compress(SPLIT + bytes(512) + MORE, mtime=0),
    gzip.compress(SPLIT + b"x" * 512 + MORE, mtime=0),
]
"""Archives of which one reader sees less than another one: Helm's reads all members of a gzip."""

BAD = [
    ("chart_unsafe", tar(("app/Chart.yaml", CHART), ("app/../../etc/passwd", b"x"))),
    ("chart_unsafe", tar(("/app/Chart.yaml", b"x"))),
    ("chart_unsafe", tar(("app/Chart.yaml", CHART), ("app/values.yaml", "/etc/passwd"))),
    ("chart_unreadable", tar(("app/values.yaml", b"x"))),
    ("chart_unreadable", tar(("app/Chart.yaml", CHART), ("other/x", b"x"))),
    ("chart_unreadable", b"not gzipped"),
    ("chart_unreadable", gzip.compress(b"not a tar", mtime=0)),
    ("chart_too_large", gzip.compress(bytes(archive.UNPACKED_LIMIT + 10), mtime=0)),
    ("chart_too_large", tar(("app/Chart.yaml", CHART), *((f"app/{n}", b"") for n in range(archive.ENTRY_LIMIT)))),
    ("chart_too_large", nested(gzip.compress(bytes(archive.UNPACKED_LIMIT + 10), mtime=0))),
    *(("chart_unsafe", tar(("app/Chart.yaml", f"name: {name}\n".encode()))) for name in ("..", "a/b", "''", "[a]")),
    ("chart_unreadable", tar(("app/Chart.yaml", b"{"))),
    *(("chart_unsafe", schema(each)) for each in OUTSIDE),
    ("chart_unsafe", nested(schema('{"$ref": "file:///etc/passwd"}'))),
    *(("chart_unreadable", each) for each in GOES_ON),
    *(("chart_unreadable", nested(each)) for each in GOES_ON),
    ("chart_unreadable", tar(("Chart.yaml", CHART))),
]
LOCAL = [
    '{"$schema": "https://json-schema.org/draft/2020-12/schema", "$ref": "#/$defs/a", "$defs": {"a": {}}}',
    '{"$schema": "http://json-schema.org/draft-07/schema#", "properties": {"$ref": {"type": "string"}}}',
]


@pytest.mark.parametrize("text", LOCAL)
def test_a_schema_that_stands_for_itself_is_accepted(text: str):
    archive.check(schema(text))
    archive.check(nested(schema(text)))


def test_a_plain_chart_is_accepted():
    archive.check(GOOD)


@pytest.mark.parametrize(("code", "content"), BAD, ids=[f"{number}-{code}" for number, (code, _) in enumerate(BAD)])
def test_refused_archives(code: str, content: bytes):
    with pytest.raises(OperationFailed) as caught:
        archive.check(content)
    assert caught.value.failure.code == code


def digest(content: bytes) -> str:
    return f"sha256:{hashlib.sha256(content).hexdigest()}"


MANIFEST = msgspec.json.encode({"layers": [{"mediaType": CHART_LAYER, "digest": digest(GOOD), "size": len(GOOD)}]})


class Registry:
    """A registry that answers what it is told to."""

    def __init__(self) -> None:
        self.manifest = MANIFEST
        self.blob = GOOD
        self.asked: list[str] = []
        self.redirect = ""
        self.gone = False
        self.wants = ""
        """The Authorization header without which it answers 401."""

    def __call__(self, request: httpx.Request) -> httpx.Response:
        self.asked.append(str(request.url))
        if self.gone:
            return httpx.Response(404)
        if self.wants and request.headers.get("Authorization") != self.wants:
            return httpx.Response(401, headers={"WWW-Authenticate": 'Basic realm="x"'})
        if self.redirect:
            return httpx.Response(302, headers={"Location": self.redirect})
        if "/manifests/" in request.url.path:
            return httpx.Response(200, stream=httpx.ByteStream(self.manifest))
        if "/blobs/" in request.url.path:
            return httpx.Response(200, stream=httpx.ByteStream(self.blob))
        return httpx.Response(404)


@pytest.fixture
def registry() -> Registry:
    return Registry()


@pytest.fixture
def store(registry: Registry, tmp_path: Path) -> ChartStore:
    http = httpx.AsyncClient(transport=httpx.MockTransport(registry))
    return ChartStore(
        ChartClient(http), cache=tmp_path, builtin=tmp_path, registries=Registries.parse((HOST,)), keyring=KEYRING
    )


def chart(**fields: str) -> Chart:
    return Chart(ref=fields.get("ref", REF), version="1.0.0", digest=fields.get("digest", digest(MANIFEST)))


async def code_of(store: ChartStore, wanted: Chart) -> str:
    with pytest.raises(OperationFailed) as caught:
        await store.path(wanted)
    return caught.value.failure.code


async def test_a_built_in_chart_is_known_by_what_is_in_it(store: ChartStore, tmp_path: Path):
    wanted, folder = Chart(builtin="web"), tmp_path / "web"
    (folder / "templates").mkdir(parents=True)
    seen: list[str] = []
    for path, content in (
        ("Chart.yaml", "a"),
        ("templates/a.yaml", "x"),
        ("templates/a.yaml", "y"),
        ("values.yaml", ""),
    ):
        (folder / path).write_text(content)
        seen.append(await store.content(wanted))
    assert len(set(seen)) == 4
    assert await store.content(wanted) == seen[-1]
    assert await store.content(chart()) == "", "one with a digest is known by that"


async def test_an_archive_is_fetched_once_and_kept(store: ChartStore, registry: Registry):
    path = await store.path(chart())
    assert path.read_bytes() == GOOD
    asked = len(registry.asked)
    assert await store.path(chart()) == path
    assert len(registry.asked) == asked


async def test_nothing_half_written_stays_in_the_cache(store: ChartStore, tmp_path: Path):
    for name, age_sec in (("partial-old", 2 * LEFT_SEC), ("partial-new", 0)):
        (tmp_path / name).write_bytes(b"half")
        written = (tmp_path / name).stat().st_mtime - age_sec
        os.utime(tmp_path / name, (written, written))
    (tmp_path / f"{digest(MANIFEST).replace(':', '-')}.manifest.json").mkdir()
    with pytest.raises(OSError, match="directory"):
        await store.path(chart())
    assert sorted(each.name for each in tmp_path.glob("partial-*")) == ["partial-new", "partial-old"], "its own is gone"
    next(tmp_path.glob("*.json")).rmdir()
    await store.path(chart())
    assert [each.name for each in tmp_path.glob("partial-*")] == ["partial-new"], "another process may be writing it"


async def test_a_moved_tag_does_not_matter_but_another_manifest_does(store: ChartStore, registry: Registry):
    registry.manifest = MANIFEST + b" "
    assert await code_of(store, chart()) == "digest_mismatch"


async def test_a_layer_that_is_not_what_its_manifest_says_is_refused(
    store: ChartStore, registry: Registry, tmp_path: Path
):
    registry.blob = tar(("app/Chart.yaml", b"evil"))
    assert await code_of(store, chart()) == "digest_mismatch"
    assert list(tmp_path.glob("*.tgz")) == []


async def test_a_redirect_to_another_host_is_not_followed(store: ChartStore, registry: Registry):
    registry.redirect = "http://169.254.169.254/latest"
    assert await code_of(store, chart()) == "chart_elsewhere"
    assert all(HOST in url for url in registry.asked)


async def test_a_redirect_loop_ends(store: ChartStore, registry: Registry):
    registry.redirect = f"https://{HOST}/v2/again"
    assert await code_of(store, chart()) == "chart_redirects"


async def test_a_registry_that_is_not_on_the_list_is_not_asked(store: ChartStore, registry: Registry):
    assert await code_of(store, chart(ref="oci://evil.example/a")) == "registry_not_allowed"
    assert registry.asked == []


async def test_an_image_is_not_a_chart(store: ChartStore, registry: Registry):
    registry.manifest = msgspec.json.encode(
        {"layers": [{"mediaType": "application/vnd.oci.image.layer.v1.tar", "digest": "x"}]}
    )
    assert await code_of(store, chart(digest=digest(registry.manifest))) == "not_a_chart"


async def test_a_digest_is_looked_up(store: ChartStore):
    assert await store.resolve(chart(digest="")) == digest(MANIFEST)


class Shelf:
    """A keeper in memory."""

    def __init__(self) -> None:
        self.kept: dict[str, Fetched] = {}
        self.stored = asyncio.Event()

    async def fetch(self, digest: str) -> Fetched | None:
        return self.kept.get(digest)

    async def store(self, digest: str, fetched: Fetched) -> None:
        self.kept[digest] = fetched
        self.stored.set()


def keeping(registry: Registry, shelf: Shelf, cache: Path) -> ChartStore:
    http = httpx.AsyncClient(transport=httpx.MockTransport(registry))
    return ChartStore(
        ChartClient(http),
        cache=cache,
        builtin=cache,
        registries=Registries.parse((HOST,)),
        keyring=KEYRING,
        keeper=shelf,
    )


async def test_a_chart_that_left_its_registry_comes_from_what_was_kept(registry: Registry, tmp_path: Path):
    shelf = Shelf()
    await keeping(registry, shelf, tmp_path / "one").path(chart())
    await asyncio.wait_for(shelf.stored.wait(), 5)
    registry.manifest = b""
    registry.gone = True
    path = await keeping(registry, shelf, tmp_path / "two").path(chart())
    assert path.read_bytes() == GOOD


async def test_what_was_kept_is_not_believed_without_its_proof(registry: Registry, tmp_path: Path):
    shelf = Shelf()
    shelf.kept[digest(MANIFEST)] = Fetched(archive=tar(("app/Chart.yaml", b"evil")), manifest=MANIFEST)
    registry.gone = True
    assert await code_of(keeping(registry, shelf, tmp_path), chart()) == "digest_mismatch"
    shelf.kept[digest(MANIFEST)] = Fetched(archive=GOOD, manifest=b"")
    assert await code_of(keeping(registry, shelf, tmp_path), chart()) == "digest_mismatch"


async def test_credentials_answer_a_challenge_and_go_to_their_own_host_only(registry: Registry, tmp_path: Path):
    registry.wants = "Basic " + base64.b64encode(b"me:pass").decode()
    assert await code_of(keeping(registry, Shelf(), tmp_path), chart()) == "registry_unauthorized"
    login = msgspec.json.encode({"username": "me", "password": "pass"})
    box = SealedBox(PublicKey(base64.b64decode(KEYRING.public_key)))
    sealed = Sealed(name=HOST, ciphertext=base64.b64encode(box.encrypt(login)).decode())
    assert (await keeping(registry, Shelf(), tmp_path).path(chart(), (sealed,))).read_bytes() == GOOD
    with pytest.raises(OperationFailed) as caught:
        Keyring(bytes(32)).open([sealed])
    assert caught.value.failure.code == "secret_unreadable"


TOKEN = msgspec.json.encode({"token": "t"})


@pytest.mark.parametrize(
    ("realm", "code"),
    [
        (f"https://{HOST}/token", None),
        ("https://auth.example.net/token", None),
        (f"http://{HOST}/token", "registry_unauthorized"),
        ("https://evil.example.org/token", "registry_unauthorized"),
        (f"https://{HOST}.evil.org/token", "registry_unauthorized"),
        ("http://169.254.169.254/token", "registry_unauthorized"),
    ],
)
async def test_a_token_is_asked_for_only_where_the_operator_allows_it(tmp_path: Path, realm: str, code: str | None):
    asked: list[str] = []

    def answer(request: httpx.Request) -> httpx.Response:
        asked.append(str(request.url))
        if request.url.path == "/token":
            return httpx.Response(200, stream=httpx.ByteStream(TOKEN))
        if "Authorization" not in request.headers:
            return httpx.Response(401, headers={"WWW-Authenticate": f'Bearer realm="{realm}",service="s"'})
        return Registry()(request)

    assert await code_or_none(answer, tmp_path) == code
    assert code is None or not any(each.startswith(realm) for each in asked)


async def test_a_blob_that_lies_elsewhere_is_fetched_without_credentials_from_hosts_on_the_list(tmp_path: Path):
    seen: list[tuple[str, str]] = []

    def answer(request: httpx.Request, elsewhere: str = "https://blobs.example.net") -> httpx.Response:
        seen.append((request.url.host, request.headers.get("Authorization", "")))
        if request.url.host == HOST and "/blobs/" in request.url.path:
            return httpx.Response(307, headers={"Location": f"{elsewhere}{request.url.path}"})
        if request.url.host == HOST and "Authorization" not in request.headers:
            return httpx.Response(401, headers={"WWW-Authenticate": 'Basic realm="x"'})
        return Registry()(request)

    assert await code_or_none(answer, tmp_path / "a", login=True) is None
    assert seen[-1] == ("blobs.example.net", "")
    assert (
        await code_or_none(lambda each: answer(each, "https://cdn.evil.org"), tmp_path / "b", login=True)
        == "chart_elsewhere"
    )
    assert (
        await code_or_none(lambda each: answer(each, f"http://{HOST}"), tmp_path / "c", login=True) == "chart_elsewhere"
    )


@pytest.mark.parametrize("challenge", ['Basic realm="x"', f'Bearer realm="https://{HOST}/token",service="s"'])
async def test_the_host_of_a_redirect_gets_no_credentials_though_it_asks_for_some(tmp_path: Path, challenge: str):
    """Row 50."""
    seen: list[tuple[str, str]] = []

    def answer(request: httpx.Request) -> httpx.Response:
        seen.append((request.url.host, request.headers.get("Authorization", "")))
        if request.url.path == "/token":
            return httpx.Response(200, stream=httpx.ByteStream(TOKEN))
        if request.url.host == HOST and "/blobs/" in request.url.path:
            return httpx.Response(307, headers={"Location": f"https://blobs.example.net{request.url.path}"})
        if request.url.host != HOST:
            return httpx.Response(401, headers={"WWW-Authenticate": challenge})
        return Registry()(request)

    assert await code_or_none(answer, tmp_path, login=True) == "registry_unauthorized"
    assert not [sent for _, sent in seen if sent.startswith("Basic")]


async def code_or_none(
    answer: Callable[[httpx.Request], httpx.Response], cache: Path, *, login: bool = False
) -> str | None:
    """Fetch from a registry that may send to two more hosts; return how it failed."""
    http = httpx.AsyncClient(transport=httpx.MockTransport(answer))
    trusted = Registries.parse((HOST, "auth.example.net", "blobs.example.net"))
    store = ChartStore(
        ChartClient(http, trusted=trusted.hosts), cache=cache, builtin=cache, registries=trusted, keyring=KEYRING
    )
    box = SealedBox(PublicKey(base64.b64decode(KEYRING.public_key)))
    body = msgspec.json.encode({"username": "me", "password": "pass"})
    sealed = Sealed(name=HOST, ciphertext=base64.b64encode(box.encrypt(body)).decode())
    try:
        await store.path(chart(), (sealed,) if login else ())
    except OperationFailed as error:
        return error.failure.code
    return None


TENFOLD = [", ".join([f"*a{n}"] * 10) for n in range(9)]
BOMBS = [
    "a0: &a0 x\n" + "".join(f"a{n}: &a{n} [{ten}]\n" for n, ten in enumerate(TENFOLD, 1)),
    "a0: &a0 {x: 1}\n" + "".join(f"a{n}: &a{n} {{<<: [{ten}]}}\n" for n, ten in enumerate(TENFOLD, 1)),
    f"a: &a {'x' * 100_000}\nb: [{', '.join(['*a'] * 1000)}]\n",
    "a: &a [*a]\n",
]
"""What is small and stands for gigabytes: aliases of aliases, merged ones, long ones, one of itself."""


@pytest.mark.parametrize("bomb", BOMBS, ids=["aliases", "merged", "long", "endless"])
async def test_a_chart_whose_aliases_are_too_much_to_show_shows_none(registry: Registry, tmp_path: Path, bomb: str):
    """Row 47."""
    shelf, made = Shelf(), b"name: app\nversion: 1.0.0\n"
    content = tar(("app/Chart.yaml", made), ("app/values.yaml", bomb.encode()))
    shelf.kept[digest(content)] = Fetched(archive=content)
    found = await Inspecting(keeping(registry, shelf, tmp_path))(InspectChart(chart=Chart(digest=digest(content))))
    assert (found.version, found.values) == ("1.0.0", None)
    with pytest.raises(OperationFailed, match=r"Chart.yaml is no YAML"):
        archive.check(tar(("app/Chart.yaml", made + bomb.encode())))


FULL = tar(
    ("app/Chart.yaml", b"name: app\nversion: 1.2.3+b1\nappVersion: 7\ndescription: It does\n"),
    ("app/values.yaml", b"x: &x {replicas: 1}\nuser: *x\n"),
    ("app/values.schema.json", b'{"properties": {"user": {"type": "object"}}}'),
    ("app/charts/sub/values.yaml", b"wrong: true\n"),
)


async def test_an_uploaded_chart_is_what_was_kept_under_its_digest(registry: Registry, tmp_path: Path):
    shelf = Shelf()
    uploaded = Chart(digest=digest(GOOD), version="1.0.0")
    assert await code_of(keeping(registry, shelf, tmp_path), uploaded) == "chart_not_found"
    shelf.kept[digest(GOOD)] = Fetched(archive=FULL)
    assert await code_of(keeping(registry, shelf, tmp_path), uploaded) == "digest_mismatch"
    shelf.kept[digest(GOOD)] = Fetched(archive=GOOD)
    assert (await keeping(registry, shelf, tmp_path).path(uploaded)).read_bytes() == GOOD
    assert registry.asked == [], "no registry is asked for it"


async def test_a_chart_tells_what_it_is(registry: Registry, tmp_path: Path):
    shelf = Shelf()
    shelf.kept[digest(FULL)] = Fetched(archive=FULL)
    found = await Inspecting(keeping(registry, shelf, tmp_path))(InspectChart(chart=Chart(digest=digest(FULL))))
    assert (found.digest, found.name, found.version) == (digest(FULL), "app", "1.2.3+b1")
    assert (found.app_version, found.description) == ("7", "It does")
    assert found.values == {"x": {"replicas": 1}, "user": {"replicas": 1}}, "its own, and no subchart's"
    assert found.values_schema == {"properties": {"user": {"type": "object"}}}


async def test_a_chart_without_a_version_or_with_a_broken_file_is_told(registry: Registry, tmp_path: Path):
    shelf = Shelf()
    broken = tar(("app/Chart.yaml", b"name: app\nversion: 1.0.0\n"), ("app/values.yaml", b"a: [\n"))
    for content, words in ((GOOD, "names no version"), (broken, "values.yaml cannot be read")):
        shelf.kept[digest(content)] = Fetched(archive=content)
        with pytest.raises(OperationFailed, match=words):
            await Inspecting(keeping(registry, shelf, tmp_path))(InspectChart(chart=Chart(digest=digest(content))))
