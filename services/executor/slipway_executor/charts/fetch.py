"""A small client for OCI registries and classic repositories: bounded, without redirects to other hosts."""

import base64
import hashlib
from collections.abc import Mapping
from typing import Any
from urllib.parse import urljoin, urlsplit

import httpx
import msgspec
import yaml

from slipway_executor.failing import OperationFailed, terminal, transient

ARCHIVE_LIMIT = 20 * 1024 * 1024
MANIFEST_LIMIT = 4 * 1024 * 1024
INDEX_LIMIT = 32 * 1024 * 1024
REDIRECTS = 3
_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
CHART_LAYER = "application/vnd.cncf.helm.chart.content.v1.tar+gzip"
MANIFEST_TYPES = "application/vnd.oci.image.manifest.v1+json"


class Login(msgspec.Struct, frozen=True, kw_only=True):
    """Credentials of a registry."""

    username: str
    password: str

    @property
    def basic(self) -> str:
        return f"Basic {base64.b64encode(f'{self.username}:{self.password}'.encode()).decode()}"


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
    _require(str(_layer(fetched.manifest)["digest"]), fetched.archive, "chart layer")


class ChartClient:
    """Fetches from one reference. The digest is of the OCI manifest, or of the archive for https."""

    def __init__(self, http: httpx.AsyncClient) -> None:
        self._http = http

    async def resolve(self, ref: str, version: str, *, plain_http: bool, login: Login | None = None) -> str:
        """Return the digest that this version has now."""
        if ref.startswith("oci://"):
            body = await self._manifest(ref, version.replace("+", "_"), plain_http=plain_http, login=login)
            return _sha256(body)
        return _sha256(await self._classic(ref, version, login))

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
        url = f"{_api(ref, plain_http)}/blobs/{_layer(manifest)['digest']}"
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
            entries = yaml.load(index, Loader=_LOADER)["entries"][name]  # noqa: S506 - a safe loader
            location = next(entry["urls"][0] for entry in entries if entry["version"] == version)
        except (yaml.YAMLError, KeyError, TypeError, IndexError, StopIteration) as error:
            raise terminal("chart_not_found", f"the repository has no {name} {version}") from error
        url = urljoin(f"{repository}/", str(location))
        if urlsplit(url).netloc != urlsplit(repository).netloc or urlsplit(url).scheme != "https":
            raise terminal("chart_elsewhere", "the repository's index points to another host")
        return await self._get(url, ARCHIVE_LIMIT, login=login)

    async def _get(
        self, url: str, limit: int, *, headers: Mapping[str, str] | None = None, login: Login | None = None
    ) -> bytes:
        host = urlsplit(url).netloc
        sent = dict(headers or {})
        for _ in range(REDIRECTS + 1):
            try:
                async with self._http.stream("GET", url, headers=sent) as answer:
                    if answer.status_code == 401 and "Authorization" not in sent:
                        challenge = answer.headers.get("WWW-Authenticate", "")
                        sent["Authorization"] = await self._authorization(challenge, host, login)
                        continue
                    if answer.is_redirect:
                        url = urljoin(url, answer.headers.get("Location", ""))
                        if urlsplit(url).netloc != host:
                            raise terminal("chart_elsewhere", "the registry redirects to another host")
                        continue
                    return await _body(answer, limit)
            except httpx.HTTPError as error:
                raise transient(
                    "registry_unreachable", f"the registry {host} does not answer ({type(error).__name__})"
                ) from error
        raise terminal("chart_redirects", f"the registry {host} redirects without end")

    async def _authorization(self, challenge: str, host: str, login: Login | None) -> str:
        """Answer a challenge: basic, or the registry's token flow on its own host or a host below its domain only."""
        if login and challenge.lower().startswith("basic"):
            return login.basic
        fields = dict(
            part.split("=", 1) for part in challenge.removeprefix("Bearer ").replace('"', "").split(",") if "=" in part
        )
        realm = fields.pop("realm", "")
        if not challenge.startswith("Bearer ") or not _same_site(urlsplit(realm).netloc, host):
            raise terminal("registry_unauthorized", f"the registry {host} wants credentials")
        headers = {"Authorization": login.basic} if login else {}
        answer = await self._http.get(realm, params=fields, headers=headers)
        body: Any = msgspec.json.decode(await _body_of(answer, MANIFEST_LIMIT))
        return f"Bearer {body.get('token') or body.get('access_token') or ''}"


def _same_site(realm: str, host: str) -> bool:
    return realm == host or realm.endswith("." + ".".join(host.split(".")[-2:]))


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


async def _body_of(answer: httpx.Response, limit: int) -> bytes:
    if answer.status_code != 200 or len(answer.content) > limit:
        raise terminal("registry_unauthorized", "the registry gives no anonymous access")
    return answer.content


def _layer(manifest: bytes) -> dict[str, Any]:
    try:
        layers = msgspec.json.decode(manifest)["layers"]
        return next(layer for layer in layers if layer["mediaType"] == CHART_LAYER)
    except (msgspec.DecodeError, KeyError, TypeError, StopIteration) as error:
        raise terminal("not_a_chart", "the reference is not a Helm chart") from error


def _api(ref: str, plain_http: bool) -> str:  # noqa: FBT001
    host, _, repository = ref.removeprefix("oci://").partition("/")
    return f"{'http' if plain_http else 'https'}://{host}/v2/{repository}"


def _sha256(content: bytes) -> str:
    return f"sha256:{hashlib.sha256(content).hexdigest()}"


def _require(digest: str, content: bytes, what: str) -> None:
    if _sha256(content) != digest:
        raise OperationFailed(
            terminal("digest_mismatch", f"the {what} has another digest than the template's: it was not loaded").failure
        )
