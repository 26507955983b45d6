"""Servers of the user's own: noticed, and left alone unless `--external` was said."""

import os
from collections.abc import Mapping
from pathlib import Path
from urllib.parse import quote, urlsplit

import msgspec

from slipway.dev import remembered
from slipway.dev.process import ServerError


class External(msgspec.Struct, frozen=True, kw_only=True):
    """Which servers are not ours; empty where the embedded one is used."""

    database_url: str = ""
    """Of a login that may create tables and roles."""
    nats_url: str = ""
    nats_ca: str = ""
    kubeconfig: str = ""
    admin_password: str = ""
    """Of the admin that the database has already, when another `.slipway` made it."""


def noticed(state: Path, environ: Mapping[str, str] | None = None) -> External:
    """Return the servers that the environment names; those of our own `.slipway/env` are not foreign."""
    found = os.environ if environ is None else environ
    database, nats, kubeconfig = (found.get(name, "") for name in ("DATABASE_URL", "NATS_URL", "KUBECONFIG"))
    nats = "" if _is_ours(state, nats, "nats") else nats
    return External(
        database_url="" if _is_ours(state, database, "postgres") else database,
        nats_url=nats,
        nats_ca=found.get("NATS_CA", "") if nats else "",
        admin_password=found.get("SLIPWAY_ADMIN_PASSWORD", "") if database else "",
        kubeconfig="" if kubeconfig and Path(kubeconfig).resolve() == state / "kubeconfig" else kubeconfig,
    )


def names(servers: External) -> list[str]:
    """Return the variables that name a foreign server."""
    said = {"DATABASE_URL": servers.database_url, "NATS_URL": servers.nats_url, "KUBECONFIG": servers.kubeconfig}
    return [name for name, value in said.items() if value]


def touched(servers: External) -> list[str]:
    """Say what will be written where, without a password. ServerError when a value cannot be used."""
    lines: list[str] = []
    if servers.database_url:
        where = _address("DATABASE_URL", servers.database_url)
        roles = "slipway_api, slipway_scheduler and a login for each"
        lines.append(f"DATABASE_URL: {where}: Slipway's tables are created or migrated, with the roles {roles}")
    if servers.nats_url:
        where = _address("NATS_URL", servers.nats_url)
        lines.append(f"NATS_URL: {where}: the streams SLIPWAY_* are created or changed")
    if servers.kubeconfig:
        if not Path(servers.kubeconfig).is_file():
            raise ServerError(f"KUBECONFIG: {servers.kubeconfig} is not one file; name one kubeconfig")
        lines.append(
            f"KUBECONFIG: the current context of {servers.kubeconfig}: the namespace slipway-system and one for each"
            " deployment are created, changed and deleted"
        )
    return lines


def with_login(url: str, user: str, password: str) -> str:
    """Return a database URL with another user and password."""
    parts = urlsplit(url)
    host = parts.netloc.rpartition("@")[2]
    return parts._replace(scheme="postgresql", netloc=f"{user}:{quote(password, safe='')}@{host}").geturl()


def _is_ours(state: Path, url: str, server: str) -> bool:
    return bool(url) and urlsplit(url).netloc.endswith(f"@127.0.0.1:{remembered.port(state, server)}")


def _address(name: str, url: str) -> str:
    parts = urlsplit(url)
    if not parts.hostname:
        raise ServerError(
            f"{name} has no host: give a URL such as {parts.scheme or 'scheme'}://user:password@host:port"
        )
    return f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}{parts.path}"
