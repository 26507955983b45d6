"""Settings from the environment, over a file: every mistake at once, by its variable's name and never by its value.

The file is TOML, named by SLIPWAY_CONFIG_FILE; its keys are the names of the variables. The environment wins. A list is
comma-separated in a variable and an array in the file; what is empty counts as unset. White space around a value is none of
it, as the line break that a file ends with, but for secrets.
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
from msgspec.structs import FieldInfo

log = structlog.get_logger()
T = TypeVar("T", bound="Settings")

SERVICES, PROGRAMS = "slipway.settings", "slipway.settings.once"
"""Groups of entry points that name settings: of services, and of programs that run once."""
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
    """Base of a program's settings: a field's type says what it takes, the text below it what it means."""

    def mistakes(self) -> Iterator[tuple[str, str]]:
        """Yield what only several settings, or files, show: a field and what is right, as in `is needed with SLIPWAY_OTHER`.

        A field that is wrong by itself is here as it was given when it is of the default's kind, and else the default.
        """
        yield from ()


def variables(kind: type[Settings]) -> list[str]:
    """Return the environment variables of a service's settings."""
    return [field.encode_name for field in msgspec.structs.fields(kind)]


class Network(str):
    """A range of addresses, as in `10.0.0.0/8`, or one address."""

    __slots__ = ()

    def __new__(cls, text: str) -> Self:
        ipaddress.ip_network(text)
        return super().__new__(cls, text)


class SettingsError(Exception):
    """What was given does not make up valid settings. The message names variables, never their values."""


class Effective(msgspec.Struct, frozen=True, kw_only=True):
    """One setting as a service would have it; `mistake` says why it would not start."""

    variable: str
    value: Any = None
    """As it was given, when there is a mistake: not to be shown, as what is malformed may be part of a password."""
    source: str = "default"
    """`environment`, `file` or `default`."""
    mistake: str | None = None

    @property
    def shown(self) -> str:
        """The value as people may see it."""
        return "" if self.mistake else masked(self.variable, self.value)


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
    fields = {field.name: field for field in msgspec.structs.fields(kind)}
    found = {name: _found(field, environ, in_file) for name, field in fields.items()}
    for name, wrong in kind(**{name: _usable(fields[name], each.value) for name, each in found.items()}).mistakes():
        if not found[name].mistake:
            found[name] = msgspec.structs.replace(found[name], mistake=f"{found[name].variable} {wrong}")
    of_file = [Effective(variable=FILE, source="environment", mistake=mistake)] if mistake else []
    return [*of_file, *found.values()]


def _found(field: FieldInfo, environ: Mapping[str, str], in_file: Mapping[str, Any]) -> Effective:
    name = field.encode_name
    raw, source = _stripped(name, environ.get(name)), "environment"
    if not raw:
        raw, source = _stripped(name, in_file.get(name)), "file"
    if raw in (None, ""):
        if field.required:
            return Effective(variable=name, mistake=f"{name} is not set")
        return Effective(variable=name, value=field.default)
    try:
        return Effective(variable=name, value=_convert(raw, field.type), source=source)
    except (msgspec.ValidationError, ValueError):  # their words may quote the value
        wrong = f"{name} is not valid: Expected {expected(field.type)}"
        return Effective(variable=name, value=raw, source=source, mistake=wrong)


def _usable(field: FieldInfo, value: Any) -> Any:
    default = "" if field.required else field.default
    return value if isinstance(value, type(default)) else default


def _stripped(name: str, raw: Any) -> Any:
    return raw.strip() if isinstance(raw, str) and not _SECRET.search(name) else raw


def expected(kind: Any) -> str:
    """Say what a field of this type takes: in the type's own words, or by its bounds."""
    inner = get_args(kind)
    if get_origin(kind) is tuple:
        return expected(inner[0])
    bounds = next(
        (each for each in getattr(kind, "__metadata__", ()) if isinstance(each, msgspec.Meta)), msgspec.Meta()
    )
    if bounds.description:
        return bounds.description
    word = {bool: "true or false", int: "a whole number", float: "a number"}.get(_bare(kind), "text")
    return word if bounds.ge is None else f"{word} from {bounds.ge} to {bounds.le}"


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
