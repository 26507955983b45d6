"""Archives are judged before anything loads them; registries are not believed."""

import asyncio
import base64
import gzip
import hashlib
import io
import tarfile
from pathlib import Path

import httpx
import msgspec
import pytest
from nacl.public import PublicKey, SealedBox

from slipway.domain.charts import Registries
from slipway.messaging.messages import Chart, Sealed
from slipway_executor.charts import archive
from slipway_executor.charts.fetch import CHART_LAYER, ChartClient, Fetched
from slipway_executor.charts.store import ChartStore
from slipway_executor.failing import OperationFailed
from slipway_executor.sealing import Keyring

HOST = "registry.example.org"
KEYRING = Keyring(bytes(range(32)))
REF = f"oci://{HOST}/charts/app"


def tar(*entries: tuple[str, bytes | str]) -> bytes:
    """Return a gzipped tar; an entry whose content is text is a symbolic link to it."""
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w:gz") as out:
        for name, content in entries:
            info = tarfile.TarInfo(name)
            if isinstance(content, str):
                info.type, info.linkname = tarfile.SYMTYPE, content
                out.addfile(info)
            else:
                info.size = len(content)
                out.addfile(info, io.BytesIO(content))
    return packed.getvalue()


GOOD = tar(("app/Chart.yaml", b"name: app\n"), ("app/templates/a.yaml", b"x"))

BAD = [
    ("chart_unsafe", tar(("app/Chart.yaml", b"x"), ("app/../../etc/passwd", b"x"))),
    ("chart_unsafe", tar(("/app/Chart.yaml", b"x"))),
    ("chart_unsafe", tar(("app/Chart.yaml", b"x"), ("app/values.yaml", "/etc/passwd"))),
    ("chart_unreadable", tar(("app/values.yaml", b"x"))),
    ("chart_unreadable", tar(("app/Chart.yaml", b"x"), ("other/x", b"x"))),
    ("chart_unreadable", b"not gzipped"),
    ("chart_unreadable", gzip.compress(b"not a tar")),
    ("chart_too_large", gzip.compress(bytes(archive.UNPACKED_LIMIT + 10))),
    ("chart_too_large", tar(("app/Chart.yaml", b"x"), *((f"app/{n}", b"") for n in range(archive.ENTRY_LIMIT)))),
]


def test_a_plain_chart_is_accepted():
    archive.check(GOOD)


@pytest.mark.parametrize(("code", "content"), BAD)
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


async def test_an_archive_is_fetched_once_and_kept(store: ChartStore, registry: Registry):
    path = await store.path(chart())
    assert path.read_bytes() == GOOD
    asked = len(registry.asked)
    assert await store.path(chart()) == path
    assert len(registry.asked) == asked


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
