"""`slipway admin users`, `create-user`, `change-user`, `delete-user`, `quota`: who may do what, and how much."""

from typing import Annotated, Any

from cyclopts import App, Parameter

from slipway.cli.asking import password, typed_name
from slipway.cli.deploy import Yes
from slipway.cli.exits import Exit, Stop
from slipway.cli.output import Column, Format, Output, dump, say, show_list, show_one
from slipway.cli.session import connected
from slipway.cli.times import age
from slipway.client.users import Quotas, User

USER: list[Column[User]] = [
    ("email", lambda each: each.email), ("name", lambda each: each.display_name),
    ("rights", lambda each: "admin" if each.is_admin else "user"), ("age", lambda each: age(each.created_at)),
    ("id", lambda each: each.id),
]  # fmt: skip
AMOUNTS = (
    ("deployments", "deployments", ""), ("cpu", "cpu_milli", "m"), ("memory", "memory_mib", " MiB"),
    ("storage", "storage_gib", " GiB"),
)  # fmt: skip
Amount = Annotated[str | None, Parameter(help="A number, or `default`.")]


async def users(*, output: Output = Format.TABLE) -> None:
    """List the users."""
    async with connected() as slipway:
        show_list(await slipway.users.list(), USER, output, empty="there is no user")


async def create_user(
    email: str,
    /,
    *,
    admin: bool = False,
    name: str | None = None,
    password_stdin: bool = False,
    no_password: bool = False,
    output: Output = Format.TABLE,
) -> None:
    """Create a user; the password is asked for.

    Parameters
    ----------
    email
        The address that they sign in with.
    admin
        They may do everything.
    name
        How they are called.
    password_stdin
        Read the password from standard input.
    no_password
        They sign in by single sign-on alone.
    """
    secret = None if no_password else password(f"Password of {email}: ", from_stdin=password_stdin)
    async with connected() as slipway:
        made: User = await slipway.users.create(email, password=secret, is_admin=admin, display_name=name)
    show_one(made, USER, output)


async def change_user(
    email: str,
    /,
    *,
    to: str | None = None,
    name: str | None = None,
    admin: Annotated[bool | None, Parameter(negative="--no-admin")] = None,
    new_password: bool = False,
    password_stdin: bool = False,
    output: Output = Format.TABLE,
) -> None:
    """Change a user's address, name, rights or password; what is not named stays as it is.

    Parameters
    ----------
    email
        Their address, or id.
    to
        Another address.
    name
        How they are called from now on.
    admin
        They may do everything; --no-admin takes that away.
    new_password
        Ask for another password.
    password_stdin
        Read another password from standard input.
    """
    changes: dict[str, Any] = {"email": to, "display_name": name, "is_admin": admin}
    if new_password or password_stdin:
        changes["password"] = password(f"New password of {email}: ", from_stdin=password_stdin)
    changes = {field: value for field, value in changes.items() if value is not None}
    if not changes:
        raise Stop(Exit.MISUNDERSTOOD, "nothing to change: use --to, --name, --admin, --no-admin or --new-password")
    async with connected() as slipway:
        found = await slipway.users.find(email)
        changed: User = await slipway.users.change(found.id, **changes)
    show_one(changed, USER, output)


async def delete_user(email: str, /, *, cascade: bool = False, yes: Yes = False) -> None:
    """Remove a user. Asks for their address first.

    Parameters
    ----------
    email
        Their address, or id.
    cascade
        Remove their deployments with all of their data too; without it, a user who has any is not removed.
    """
    async with connected() as slipway:
        found = await slipway.users.find(email)
        question = f"This removes {found.email}{' and all of their deployments' if cascade else ''}."
        if not typed_name(question, found.email, yes=yes):
            raise Stop(Exit.FAILED, "that is not their address: nobody was removed")
        await slipway.users.delete(found.id, cascade=cascade)
    say(f"{found.email} is removed")


async def quota(
    email: str,
    /,
    *,
    deployments: Amount = None,
    cpu: Annotated[str | None, Parameter(help="Thousandths of a core (500m) or cores (8), or `default`.")] = None,
    memory: Annotated[str | None, Parameter(help="MiB, or 16Gi, or `default`.")] = None,
    storage: Annotated[str | None, Parameter(help="GiB, or `default`.")] = None,
    output: Output = Format.TABLE,
) -> None:
    """Show what a user may have and has, and change what is named.

    Parameters
    ----------
    email
        Their address, or id.
    """
    given = {"deployments": deployments, "cpu_milli": cpu, "memory_mib": memory, "storage_gib": storage}
    changes = {field: amount_of(field, text) for field, text in given.items() if text is not None}
    async with connected() as slipway:
        found = await slipway.users.find(email)
        shown = await slipway.users.quota(found.id)
        if changes:
            shown = await slipway.users.set_quota(found.id, **{**shown.own, **changes})
    if output is not Format.TABLE:
        dump(shown, output)
        return
    columns: list[Column[tuple[str, str, str]]] = [
        ("of", lambda row: row[0]), ("may", lambda row: getattr(shown.quota, row[1])),
        ("has", lambda row: _has(shown, row[1])), ("unit", lambda row: row[2].strip()),
        ("set", lambda row: "for this user" if shown.own.get(row[1]) is not None else "default"),
    ]  # fmt: skip
    show_list(AMOUNTS, columns, output, empty="")


def amount_of(field: str, text: str) -> int | None:
    """Return the amount in the API's unit; None for `default`. Stop when it is none."""
    if text == "default":
        return None
    units = {
        "cpu_milli": {"m": 1, "": 1000},
        "memory_mib": {"Mi": 1, "Gi": 1024, "": 1},
        "storage_gib": {"Gi": 1, "": 1},
    }
    for unit, factor in units.get(field, {"": 1}).items():
        number = text.removesuffix(unit)
        if text.endswith(unit) and number.isascii() and number.isdigit():
            return int(number) * factor
    flag = f"--{field.partition('_')[0]}"
    raise Stop(Exit.MISUNDERSTOOD, f"{flag}: {text!r} is no amount: see --help")


def _has(shown: Quotas, field: str) -> int:
    return shown.deployments if field == "deployments" else getattr(shown.used, field)


def register(app: App) -> None:
    for command in (users, create_user, change_user, delete_user, quota):
        app.command(command)
