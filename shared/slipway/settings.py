"""Settings from the environment, over a file: every mistake at once, by its variable's name.

The file is TOML, named by SLIPWAY_CONFIG_FILE; its keys are the names of the variables. The environment wins. A list is
comma-separated in a variable and an array in the file; an empty variable counts as unset.
"""

import difflib
import ipaddress
import re
import tomllib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Self, TypeVar, get_args, get_origin

import msgspec
import structlog

from slipway.domain.usage import Quota

log = structlog.get_logger()
T = TypeVar("T", bound="Settings")

FILE = "SLIPWAY_CONFIG_FILE"
MASK = "********"
_UNPREFIXED = frozenset(
    {"DATABASE_URL", "NATS_URL", "NATS_CA", "KUBECONFIG", "JWT_SECRET_KEY", "JWT_PREVIOUS_KEY", "FRONTEND_URL"}
)
_OF_OTHERS = re.compile(
    r"SLIPWAY_(CONFIG_FILE|API_URL|TOKEN|REGISTRY|STATE|ADMIN_EMAIL|ADMIN_PASSWORD|PORT_.*|TEST_.*|.*_SERVICE_(HOST|PORT.*)|.*_PORT(_.*)?)"
)
"""Variables of the command line, of `slipway dev`, of tests, and what Kubernetes tells a pod of the Services around it."""
_SECRET = re.compile(r"(_KEY|_KEYS|_PASSWORD|_TOKEN|_SECRET)\Z")
_PASSWORD_IN_URL = re.compile(r"(?<=://)([^:/@\s]*):([^@\s]*)(?=@)")


def variable(field: str) -> str:
    """Return the environment variable of a settings field."""
    name = field.upper()
    return name if name in _UNPREFIXED else f"SLIPWAY_{name}"


class Settings(msgspec.Struct, rename=variable, frozen=True, kw_only=True):
    """Base of a service's settings."""


def variables(kind: type[Settings]) -> list[str]:
    """Return the environment variables of a service's settings."""
    return [field.encode_name for field in msgspec.structs.fields(kind)]


class Network(str):
    """A range of addresses, as in `10.0.0.0/8`, or one address."""

    __slots__ = ()

    def __new__(cls, text: str) -> Self:
        try:
            ipaddress.ip_network(text)
        except ValueError:
            raise ValueError("Expected a network such as `10.0.0.0/8`") from None
        return super().__new__(cls, text)


class SettingsError(Exception):
    """What was given does not make up valid settings. The message names variables, never their values."""


class Effective(msgspec.Struct, frozen=True, kw_only=True):
    """One setting as a service would have it; `mistake` says why it would not start."""

    variable: str
    value: Any = None
    source: str = "default"
    """`environment`, `file` or `default`."""
    mistake: str | None = None

    @property
    def shown(self) -> str:
        """The value as people may see it."""
        return masked(self.variable, self.value)


def load(kind: type[T], environ: Mapping[str, str]) -> T:
    """Return the settings, or raise SettingsError with a part for each variable that is missing or wrong."""
    found = effective(kind, environ)
    if mistakes := [each.mistake for each in found if each.mistake]:
        raise SettingsError("; ".join(mistakes))
    fields = {field.encode_name: field.name for field in msgspec.structs.fields(kind)}
    return kind(**{fields[each.variable]: each.value for each in found if each.source != "default"})


def effective(kind: type[Settings], environ: Mapping[str, str]) -> list[Effective]:
    """Return every setting with where it came from, right or wrong."""
    in_file, mistake = _read_file(environ)
    found = [Effective(variable=FILE, source="environment", mistake=mistake)] if mistake else []
    for field in msgspec.structs.fields(kind):
        name = field.encode_name
        raw, source = environ.get(name, ""), "environment"
        if not raw:
            raw, source = in_file.get(name), "file"
        if raw is None:
            missing = f"{name} is not set" if field.required else None
            default = None if field.required else field.default
            found.append(Effective(variable=name, value=default, mistake=missing))
            continue
        try:
            value = _convert(raw, field.type)
        except (msgspec.ValidationError, ValueError) as error:
            wrong = f"{name} is not valid: {_kind_of_mistake(error)}"
            found.append(Effective(variable=name, source=source, mistake=wrong))
            continue
        found.append(Effective(variable=name, value=value, source=source))
    return found


def unknown(kind: type[Settings], environ: Mapping[str, str]) -> Iterator[str]:
    """Yield a sentence for each SLIPWAY_* variable, and each key of the file, that is no setting of this service."""
    known = {field.encode_name for field in msgspec.structs.fields(kind)}
    in_file, _ = _read_file(environ)
    given = [name for name in environ if name.startswith("SLIPWAY_") and not _OF_OTHERS.fullmatch(name)]
    for name in [*given, *in_file]:
        if name not in known:
            near = difflib.get_close_matches(name, known, n=1)
            yield f"{name} is not a setting of this service" + (f"; is {near[0]} meant?" if near else "")


def warn_of_unknown(kind: type[Settings], environ: Mapping[str, str]) -> None:
    """Log what was given and is not looked at: most often a misspelling."""
    for sentence in unknown(kind, environ):
        log.warning("unknown_setting", reason=sentence)


def masked(name: str, value: Any) -> str:
    """Return a value as people may see it: a secret by its name is hidden, and so is the password within a URL."""
    if isinstance(value, (tuple, list)):
        return ", ".join(masked(name, each) for each in value)
    text = "" if value is None else str(value)
    if text and _SECRET.search(name):
        return MASK
    return _PASSWORD_IN_URL.sub(rf"\1:{MASK}", text)


def _read_file(environ: Mapping[str, str]) -> tuple[dict[str, Any], str | None]:
    """Return what the file says, and what is wrong with it."""
    path = environ.get(FILE, "")
    if not path:
        return {}, None
    try:
        return tomllib.loads(Path(path).read_text(encoding="utf-8")), None
    except OSError as error:
        return {}, f"{FILE} cannot be read: {error.strerror}"
    except UnicodeDecodeError:
        return {}, f"{FILE} is not UTF-8 text"
    except tomllib.TOMLDecodeError as error:
        return {}, f"{FILE} is not TOML: {_place(str(error))}"


def _place(message: str) -> str:
    """Return where the mistake is; the rest of the parser's message may quote a value."""
    found = re.search(r"\(at (.+)\)", message)
    return f"see {found[1]}" if found else "wrong form"


def _convert(raw: Any, kind: Any) -> Any:
    if isinstance(raw, str) and get_origin(_bare(kind)) is tuple:
        raw = [part.strip() for part in raw.split(",") if part.strip()]
    return msgspec.convert(raw, kind, strict=False, dec_hook=_of_our_own)


def _of_our_own(kind: type[Any], raw: Any) -> Any:
    """Return a value of a type that msgspec does not know; ValueError says what was expected."""
    return kind(raw)


def _bare(kind: Any) -> Any:
    """Return the type without its constraints."""
    return get_args(kind)[0] if hasattr(kind, "__metadata__") else kind


def _kind_of_mistake(error: Exception) -> str:
    """Say what was expected; a bare ValueError may quote the value and is not passed on."""
    return str(error) if isinstance(error, msgspec.ValidationError) else "wrong form"


class QuotaSettings(Settings, frozen=True, kw_only=True):
    """What a user may have unless an admin says otherwise; API and scheduler must be told the same."""

    deployments_per_user: int = 20
    cpu_milli_per_user: int = 8_000
    memory_mib_per_user: int = 16 * 1024
    storage_gib_per_user: int = 100

    @property
    def quota(self) -> Quota:
        return Quota(
            deployments=self.deployments_per_user,
            cpu_milli=self.cpu_milli_per_user,
            memory_mib=self.memory_mib_per_user,
            storage_gib=self.storage_gib_per_user,
        )
