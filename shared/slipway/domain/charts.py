"""Where charts may come from, and what a template says its chart can take."""

import ipaddress
import re
from typing import Literal
from urllib.parse import urlsplit

import msgspec

DIGEST = re.compile(r"sha256:[0-9a-f]{64}\Z")
_HOST = re.compile(r"[a-z0-9](?:[a-z0-9.-]*[a-z0-9])?(?::[0-9]{1,5})?\Z")
_OCI_PATH = re.compile(r"(?:/[a-z0-9]+(?:[._-]+[a-z0-9]+)*)+\Z")
_HTTPS_PATH = re.compile(r"(?:/[A-Za-z0-9][A-Za-z0-9._-]*)+\Z")


class InvalidChartRef(ValueError):
    """The reference may not be used; the message says why."""


class Registries(msgspec.Struct, frozen=True, kw_only=True):
    """The allow-list: hosts (with port when they have one) and those of them that speak plain http."""

    hosts: frozenset[str]
    plain_http: frozenset[str] = frozenset()

    @classmethod
    def parse(cls, entries: tuple[str, ...]) -> "Registries":
        """Return the list from entries `host[:port]`, `https://host` or `http://host` (plain)."""
        hosts, plain = set[str](), set[str]()
        for entry in entries:
            scheme, _, rest = entry.rpartition("://")
            host = rest.strip("/").lower()
            hosts.add(host)
            if scheme == "http":
                plain.add(host)
        return cls(hosts=frozenset(hosts), plain_http=frozenset(plain))


class ChartRef(msgspec.Struct, frozen=True, kw_only=True):
    """A checked reference. `path` begins with a slash."""

    scheme: Literal["oci", "https"]
    host: str
    path: str
    plain_http: bool


def parse_chart_ref(ref: str, registries: Registries) -> ChartRef:
    """Return the reference when it is `oci://host/repository` without a tag or `https://host/path/chart` on an allowed host."""
    scheme, sep, rest = ref.partition("://")
    if not sep or scheme not in ("oci", "https"):
        raise InvalidChartRef("a chart reference begins with oci:// or https://")
    host, slash, path = rest.partition("/")
    if "@" in rest or not _HOST.match(host):
        raise InvalidChartRef("the host is not a plain name, or a tag, digest or user stands in the reference")
    path = slash + path
    if not (_OCI_PATH if scheme == "oci" else _HTTPS_PATH).match(path):
        raise InvalidChartRef(
            "give host and repository only, without tag, digest, query or dots; the version has its own field"
        )
    if host not in registries.hosts:
        inside = " (it is an internal address)" if _is_internal(host) else ""
        raise InvalidChartRef(
            f"the registry is not on the platform's list{inside}: an operator adds it to SLIPWAY_REGISTRIES"
        )
    return ChartRef(scheme=scheme, host=host, path=path, plain_http=host in registries.plain_http)


def _is_internal(host: str) -> bool:
    name = urlsplit(f"//{host}").hostname or ""
    if name == "localhost" or name.isdigit():
        return True
    try:
        return not ipaddress.ip_address(name).is_global
    except ValueError:
        return False


class DriftPolicy(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What happens when live objects differ from the applied revision."""

    mode: Literal["correct", "warn", "ignore"] = "correct"
    ignore: tuple[str, ...] = ()
    """Fields that others may set: `/spec/replicas`, or of one object `Deployment/web:/spec/replicas`; below counts too."""


class Allowances(msgspec.Struct, frozen=True, kw_only=True):
    """What a chart may do beyond its own namespace: an admin's trust in this version."""

    crds: bool = False
    """Install the definitions in its `crds` folder. They are never removed."""
    cluster_scoped: tuple[str, ...] = ()
    """Kinds without a namespace that it may have. A chart that may have any acts as `slipway-system:slipway-trusted`,
    whose rights an operator gives."""
    pod_security: Literal["privileged", "baseline", "restricted"] = "baseline"


class SecretField(msgspec.Struct, frozen=True, kw_only=True):
    """How a chart takes a secret value: as a reference (its name and key, each at a JSON pointer), or in its values."""

    name: str | None = None
    """Where the chart takes the name of a Secret."""
    key: str | None = None
    """Where the chart takes the key in that Secret."""
    fixed_key: str | None = None
    """The key that the chart always reads, when it takes none."""
    resolve: str | None = None
    """Where the chart takes the value itself: it is then stored in Helm's record of the release."""


class DeclaredAllowances(Allowances, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """As an admin writes them; in messages a newer release may say more."""


class DeclaredSecretField(SecretField, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """As an admin writes it; in messages a newer release may say more."""


class Capabilities(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What a template's chart can take. Unknown keys are refused; paths are JSON pointers into the chart's values."""

    user_values_paths: tuple[str, ...] | None = None
    """Where the user may set values; then the user's object has the chart's own shape."""
    system_values_paths: dict[str, str] | None = None
    """Where each system value goes (`domain`, `deployment_uid`, `user_id`)."""
    port: int = 80
    probe_path: str = "/health"
    drift: DriftPolicy = DriftPolicy()
    on_failed_upgrade: Literal["rollback", "keep"] = "rollback"
    allow: DeclaredAllowances = DeclaredAllowances()
    secret_fields: dict[str, DeclaredSecretField] = {}
    """By the JSON pointer of the field in the user's values."""
