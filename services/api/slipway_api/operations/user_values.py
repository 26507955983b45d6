"""What a user gives as values: checked against the template, its secrets taken out."""

from collections.abc import Collection
from typing import Any
from uuid import UUID

import msgspec

from slipway.database.engine import Statements
from slipway.database.models import ProductTemplateVersion
from slipway.database.queries import secrets
from slipway.database.queries.rows import TemplateRow
from slipway.domain.charts import SecretField
from slipway.domain.secret_places import secret_pointers
from slipway.domain.secrets import MASK, reference_of, replace
from slipway.domain.templates import capabilities_of
from slipway.domain.values import Problem, Values, at, parse_pointer
from slipway_api.operations import values_schema
from slipway_api.problems import ApiError
from slipway_api.sealing import seal

LONGEST_SECRET = 32 * 1024


class Given(msgspec.Struct, frozen=True, kw_only=True):
    """Values as they are stored: secrets masked in them, those that are new beside them."""

    values: Values | None
    fresh: dict[str, str] = {}
    """Plain secrets by pointer."""
    masked: tuple[str, ...] = ()
    """Pointers of all secrets that the values have, new ones and stored ones."""


def take(
    values: Any, template: ProductTemplateVersion | TemplateRow, stored: Collection[str], found: list[Problem]
) -> Given:
    """Return the values as they are to be stored; what is wrong is added to `found`, with pointers below /user_values.

    `stored` are the names of the secrets that the deployment has: for those the mask means "as it was".
    """
    capabilities, schema = capabilities_of(template.capabilities_json), template.values_schema_json
    given: Values = values if isinstance(values, dict) else {}
    wrong = values_schema.problems(values, schema, capabilities, defaults=template.default_values_json)
    fresh: dict[str, str] = {}
    masked: list[str] = []
    kept = given
    for place in sorted(secret_pointers(schema, capabilities)):
        value = at(given, parse_pointer(place))
        if value is None:
            continue
        field = capabilities.secret_fields.get(place)
        problem, told = _judge(value, field, stored=place in stored)
        if problem:
            wrong = [*_elsewhere(wrong, place), Problem(pointer=place, message=problem)]
        elif told:
            wrong = _elsewhere(wrong, place)  # a mask or a reference is not what the schema describes
        if isinstance(value, str):
            masked.append(place)
            kept = replace(kept, parse_pointer(place), MASK)
            if value != MASK:
                fresh[place] = value
    found += [Problem(pointer=f"/user_values{each.pointer}", message=each.message) for each in wrong]
    return Given(values=kept or None, fresh=fresh, masked=tuple(masked))


def _judge(value: Any, field: SecretField | None, *, stored: bool) -> tuple[str | None, bool]:
    """Return what is wrong with a secret field's value, and whether it stands for a value rather than being one."""
    if value == MASK:
        return (None if stored else "is the mask of a stored secret, and none is stored: give the value"), True
    try:
        reference = reference_of(value)
    except msgspec.ValidationError:
        return 'a reference is {"$secretRef": {"name": ..., "key": ...}}', True
    if reference:
        if field is None or not (field.name or field.key):
            return "this chart takes no reference here: give the value", True
        return None, True
    if not isinstance(value, str):
        return "a secret is text, or a $secretRef", False
    if len(value.encode()) > LONGEST_SECRET:
        return f"a secret has at most {LONGEST_SECRET // 1024} KiB", False
    if field is None:
        return "the template does not say how its chart takes this secret: an admin adds it to secret_fields", False
    return None, False


def _elsewhere(problems: list[Problem], place: str) -> list[Problem]:
    return [each for each in problems if each.pointer != place and not each.pointer.startswith(f"{place}/")]


async def stored_names(asked: Statements, deployment: UUID) -> set[str]:
    """Return the names of the secrets that a deployment has."""
    return {row.name for row in await secrets.of_deployment(asked, deployment)}


async def sealed(session: Statements, cluster: str, fresh: dict[str, str]) -> dict[str, str]:
    """Return the secrets sealed to their cluster's key; 503 while no executor has told it."""
    if not fresh:
        return {}
    key = await secrets.public_key(session, cluster)
    if key is None:
        raise ApiError("unavailable", f"no executor of cluster {cluster} has told its key yet", retry_after=10)
    return {name: seal(key, value.encode()) for name, value in fresh.items()}


async def add(session: Statements, deployment: UUID, cluster: str, given: Given) -> None:
    """Store the new secrets."""
    for name, ciphertext in (await sealed(session, cluster, given.fresh)).items():
        await secrets.put(session, deployment, name, ciphertext)


async def store(asked: Statements, deployment: UUID, cluster: str, given: Given, stored: Collection[str]) -> None:
    """Store the new secrets and remove those of the `stored` ones that the values have no more."""
    await add(asked, deployment, cluster, given)
    if not set(stored) <= set(given.masked):
        await secrets.keep_only(asked, deployment, given.masked)
