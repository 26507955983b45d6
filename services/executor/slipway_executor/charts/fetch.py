"""A small client for OCI registries and classic repositories: bounded, without redirects to other hosts."""

import asyncio
import base64
from collections.abc import Collection, Mapping
from urllib.parse import SplitResult, urljoin, urlsplit

import httpx
import msgspec
from yaml import YAMLError

from slipway.domain.archives import digest_of, layer_of
from slipway_executor.cluster import yaml
from slipway_executor.failing import OperationFailed, terminal, transient

ARCHIVE_LIMIT = 20 * 1024 * 1024
MANIFEST_LIMIT = 4 * 1024 * 1024
INDEX_LIMIT = 32 * 1024 * 1024
REDIRECTS = 3
PLAIN = {"Accept-Encoding": "identity"}
"""Bodies are read as they come, so that a limit is one of what was sent and of what is kept."""
MANIFEST_TYPES = "application/vnd.oci.image.manifest.v1+json"


class Login(msgspec.Struct, frozen=True, kw_only=True):
    """Credentials of a registry."""

    username: str
    password: str

    @property
    def basic(self) -> str:
        return f"Basic {base64.b64encode(f'{self.username}:{self.password}'.encode()).decode()}"


class Token(msgspec.Struct, frozen=True, kw_only=True):
    """What a registry's token service answers: the same thing under one of two names."""

    token: str = ""
    access_token: str = ""


class Fetched(msgspec.Struct, frozen=True, kw_only=True):
    """A chart's archive, and the OCI manifest by which its digest is proven (empty for https)."""

    archive: bytes
    manifest: bytes = b""


def prove(digest: str, fetched: Fetched) -> None:
    """OperationFailed unless this is what the digest names: of the OCI manifest, or of the archive for https."""
    if not fetched.manifest:
        _require(digest, fetched.archive, "chart archive")
        return
    _require(digest, fetched.manifest, "chart manifest")
    _require(_layer(fetched.manifest), fetched.archive, "chart layer")


class ChartClient:
    """Fetches from one reference. The digest is of the OCI manifest, or of the archive for https."""

    def __init__(self, http: httpx.AsyncClient, *, trusted: Collection[str] = ()) -> None:
        """`trusted` are the hosts to which a registry may send for a token or for a blob: the operator's own list."""
        self._http = http
        self._trusted = trusted

    async def resolve(self, ref: str, version: str, *, plain_http: bool, login: Login | None = None) -> str:
        """Return the digest that this version has now."""
        if ref.startswith("oci://"):
            body = await self._manifest(ref, version.replace("+", "_"), plain_http=plain_http, login=login)
            return digest_of(body)
        return digest_of(await self._classic(ref, version, login))

    async def archive(
        self, ref: str, version: str, digest: str, *, plain_http: bool, login: Login | None = None
    ) -> Fetched:
        """Return the archive, proven to be the one that the digest names."""
        if not ref.startswith("oci://"):
            fetched = Fetched(archive=await self._classic(ref, version, login))
            prove(digest, fetched)
            return fetched
        manifest = await self._manifest(ref, digest, plain_http=plain_http, login=login)
        _require(digest, manifest, "chart manifest")
        url = f"{_api(ref, plain_http)}/blobs/{_layer(manifest)}"
        fetched = Fetched(archive=await self._get(url, ARCHIVE_LIMIT, login=login), manifest=manifest)
        prove(digest, fetched)
        return fetched

    async def _manifest(self, ref: str, reference: str, *, plain_http: bool, login: Login | None) -> bytes:
        url = f"{_api(ref, plain_http)}/manifests/{reference}"
        return await self._get(url, MANIFEST_LIMIT, headers={"Accept": MANIFEST_TYPES}, login=login)

    async def _classic(self, ref: str, version: str, login: Login | None) -> bytes:
        repository, _, name = ref.rpartition("/")
        index = await self._get(f"{repository}/index.yaml", INDEX_LIMIT, login=login)
        try:
            location = await asyncio.to_thread(_location, index, name, version)
        except (YAMLError, KeyError, TypeError, IndexError) as error:
            raise terminal("chart_not_found", f"the repository has no {name} {version}") from error
        url, own = urljoin(f"{repository}/", location), urlsplit(repository)
        if not self._may_send_to(urlsplit(url), own):
            raise terminal("chart_elsewhere", _elsewhere("points", url))
        return await self._get(url, ARCHIVE_LIMIT, login=login if urlsplit(url).netloc == own.netloc else None)

    async def _get(
        self, url: str, limit: int, *, headers: Mapping[str, str] | None = None, login: Login | None = None
    ) -> bytes:
        asked = urlsplit(url)
        sent = {**PLAIN, **(headers or {})}
        for _ in range(REDIRECTS + 1):
            try:
                async with self._http.stream("GET", url, headers=sent) as answer:
                    if answer.status_code == 401 and "Authorization" not in sent:
                        challenge = answer.headers.get("WWW-Authenticate", "")
                        own = login if urlsplit(url).netloc == asked.netloc else None  # not of whom it sent us to
                        sent["Authorization"] = await self._authorization(challenge, asked, own)
                        continue
                    if answer.is_redirect:
                        url = urljoin(url, answer.headers.get("Location", ""))
                        if not self._may_send_to(urlsplit(url), asked):
                            raise terminal("chart_elsewhere", _elsewhere("redirects", url))
                        if urlsplit(url).netloc != asked.netloc:
                            sent.pop("Authorization", None)
                        continue
                    return await _body(answer, limit)
            except httpx.HTTPError as error:
                raise transient(
                    "registry_unreachable", f"the registry {asked.netloc} does not answer ({type(error).__name__})"
                ) from error
        raise terminal("chart_redirects", f"the registry {asked.netloc} redirects without end")

    def _may_send_to(self, place: SplitResult, asked: SplitResult) -> bool:
        return place.scheme == asked.scheme and (place.netloc == asked.netloc or place.netloc in self._trusted)

    async def _authorization(self, challenge: str, asked: SplitResult, login: Login | None) -> str:
        """Answer a challenge: basic, or the registry's token flow on its own host or on one of the operator's list."""
        if login and challenge.lower().startswith("basic"):
            return login.basic
        fields = dict(
            part.split("=", 1) for part in challenge.removeprefix("Bearer ").replace('"', "").split(",") if "=" in part
        )
        realm = fields.pop("realm", "")
        if not challenge.startswith("Bearer "):
            raise terminal("registry_unauthorized", f"the registry {asked.netloc} wants credentials")
        if not self._may_send_to(urlsplit(realm), asked):
            raise terminal("registry_unauthorized", _elsewhere("sends for a token", realm))
        headers = {**PLAIN, **({"Authorization": login.basic} if login else {})}
        async with self._http.stream("GET", realm, params=fields, headers=headers) as answer:
            body = await _body(answer, MANIFEST_LIMIT)
        try:
            given = msgspec.json.decode(body, type=Token)
        except msgspec.DecodeError as error:
            raise terminal("registry_unauthorized", f"the registry {asked.netloc} gives no token") from error
        return f"Bearer {given.token or given.access_token}"


def _elsewhere(does: str, url: str) -> str:
    return (
        f"the registry {does} to {urlsplit(url).netloc or 'nowhere'}: an operator adds that host to SLIPWAY_REGISTRIES"
    )


def _location(index: bytes, name: str, version: str) -> str:
    entries = yaml.load(index)["entries"][name]
    places = [entry["urls"][0] for entry in entries if entry["version"] == version]
    return str(places[0])  # not `next`: its StopIteration is lost on the way out of a thread


async def _body(answer: httpx.Response, limit: int) -> bytes:
    if answer.status_code == 404:
        raise terminal("chart_not_found", "the registry does not have this chart or version")
    if answer.status_code in (401, 403):
        raise terminal("registry_unauthorized", "the registry refuses access to this chart")
    if answer.status_code != 200:
        raise transient("registry_unavailable", f"the registry answered {answer.status_code}")
    content = bytearray()
    async for piece in answer.aiter_raw():
        content += piece
        if len(content) > limit:
            raise terminal("chart_too_large", f"the registry's answer is larger than {limit // 2**20} MiB")
    return bytes(content)


def _layer(manifest: bytes) -> str:
    found = layer_of(manifest)
    if found is None:
        raise terminal("not_a_chart", "the reference is not a Helm chart")
    return found


def _api(ref: str, plain_http: bool) -> str:  # noqa: FBT001
    host, _, repository = ref.removeprefix("oci://").partition("/")
    return f"{'http' if plain_http else 'https'}://{host}/v2/{repository}"


def _require(digest: str, content: bytes, what: str) -> None:
    if digest_of(content) != digest:
        raise OperationFailed(
            terminal("digest_mismatch", f"the {what} has another digest than the template's: it was not loaded").failure
        )
