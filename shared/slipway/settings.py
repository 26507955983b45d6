"""Settings from the environment: every mistake at once, by its variable's name."""

from collections.abc import Mapping
from typing import Any, TypeVar

import msgspec

from slipway.domain.usage import Quota

T = TypeVar("T", bound="Settings")

_UNPREFIXED = frozenset(
    {"DATABASE_URL", "NATS_URL", "KUBECONFIG", "JWT_SECRET_KEY", "JWT_PREVIOUS_KEY", "FRONTEND_URL"}
)


def variable(field: str) -> str:
    """Return the environment variable of a settings field."""
    name = field.upper()
    return name if name in _UNPREFIXED else f"SLIPWAY_{name}"


class Settings(msgspec.Struct, rename=variable, frozen=True, kw_only=True):
    """Base of a service's settings. A list is comma-separated in its variable; an empty variable counts as unset."""


class SettingsError(Exception):
    """The environment does not make up valid settings. The message names variables, never their values."""


def load(kind: type[T], environ: Mapping[str, str]) -> T:
    """Return the settings, or raise SettingsError with a line for each variable that is missing or wrong."""
    found: dict[str, Any] = {}
    mistakes: list[str] = []
    for field in msgspec.structs.fields(kind):
        raw = environ.get(field.encode_name, "")
        if not raw:
            if field.required:
                mistakes.append(f"{field.encode_name} is not set")
            continue
        try:
            found[field.name] = _convert(raw, field.type)
        except (msgspec.ValidationError, ValueError) as error:
            mistakes.append(f"{field.encode_name} is not valid: {_kind_of_mistake(error)}")
    if mistakes:
        raise SettingsError("; ".join(mistakes))
    return kind(**found)


def _convert(raw: str, kind: Any) -> Any:
    if getattr(kind, "__origin__", None) is tuple:
        parts = [part.strip() for part in raw.split(",") if part.strip()]
        return msgspec.convert(parts, kind, strict=False)
    return msgspec.convert(raw, kind, strict=False)


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
