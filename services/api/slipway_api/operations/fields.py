"""Fields of a deployment's body: read, checked, each mistake by its pointer."""

from datetime import UTC, datetime
from typing import Any

from msgspec import UNSET, UnsetType

from slipway.domain.domains import InvalidDomain, normalise_domain
from slipway.domain.values import Problem
from slipway_api.deps import Deps


def domain(name: str | UnsetType, older: str | UnsetType, deps: Deps, found: list[Problem], *, required: bool) -> Any:
    where, given = ("/domainname", older) if older is not UNSET else ("/domain_name", name)
    if name is not UNSET and older is not UNSET:
        found.append(Problem(pointer="/domainname", message="is the older spelling of domain_name: give one of them"))
    if isinstance(given, UnsetType):
        if required:
            found.append(Problem(pointer="/domain_name", message="is required"))
        return UNSET
    try:
        return normalise_domain(given, deps.domains)
    except InvalidDomain as error:
        found.append(Problem(pointer=where, message=str(error)))
        return UNSET


def user_values(values: Any, older: Any, found: list[Problem]) -> Any:
    if values is not UNSET and older is not UNSET:
        message = "is the older spelling of user_values: give one of them"
        found.append(Problem(pointer="/user_values_json", message=message))
    return values if values is not UNSET else older


def time_problems(time: Any, where: str) -> list[Problem]:
    """Return what keeps a time, when it is one, from being stored."""
    if not isinstance(time, datetime):
        return []
    if time.tzinfo is None:
        return [Problem(pointer=where, message="needs a time zone, as in 2030-01-01T00:00:00Z")]
    try:
        time.astimezone(UTC)
    except OverflowError:
        return [Problem(pointer=where, message="lies outside of the years 1 to 9999 of UTC")]
    return []


def expiry_problems(expires_at: Any) -> list[Problem]:
    if wrong := time_problems(expires_at, "/expires_at"):
        return wrong
    if isinstance(expires_at, datetime) and expires_at <= datetime.now(UTC):
        return [Problem(pointer="/expires_at", message="lies in the past")]
    return []
