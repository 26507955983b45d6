"""What a command makes Helm's inputs of: its secrets opened, the Secret that holds them, the rights that Helm has."""

import base64
from pathlib import Path
from typing import Any

import msgspec

from slipway.domain.charts import Allowances
from slipway.domain.secrets import key_of, set_name
from slipway.domain.values import merge, nest, parse_pointer
from slipway.messaging.messages import Command
from slipway.messaging.queries import PreviewRelease
from slipway_executor.cluster.port import Namespace, Object
from slipway_executor.cluster.users import TRUSTED
from slipway_executor.helm.port import Release
from slipway_executor.masking import Masker
from slipway_executor.reconcile.marks import Mark
from slipway_executor.reconcile.tenant import Tenant
from slipway_executor.sealing import Keyring

SECRETS_LABEL = "slipway.dev/secrets"
NO_CHART = Path("no-chart")
"""Stands where a delete needs no chart."""


class Inputs(msgspec.Struct, frozen=True, kw_only=True):
    """Everything that the steps of one job work with."""

    release: Release
    digest: str
    """Over chart and values, as the release is to bear it."""
    tenant: Tenant
    secret: Object | None = None
    """The Secret with the values that the chart is told of by reference."""
    secret_name: str = ""
    masker: Masker
    mark: Mark

    @property
    def as_user(self) -> str | None:
        return self.release.as_user

    @property
    def trusted(self) -> bool:
        """The chart may reach out of its namespace, as its template allows."""
        return self.tenant.trusted

    def tenant_of(self, namespace: Namespace | None) -> Tenant:
        """Return the rules for the namespace as it is: an adopted one keeps its own."""
        return msgspec.structs.replace(self.tenant, adopted=bool(namespace and namespace.adopted))


def of_command(command: Command, chart: Path | None, keyring: Keyring, labels: dict[str, str]) -> Inputs:
    """Return the inputs of a command. OperationFailed when a secret cannot be opened."""
    opened, logins = keyring.open(command.secrets), keyring.open(command.registries)
    tenant = Tenant(
        namespace=command.namespace, pod_security=command.allow.pod_security, limits=command.limits,
        pull={host: login for host, login in logins.items() if command.pull is None or host in command.pull},
        trusted=is_trusted(command.allow),
    )  # fmt: skip
    name = set_name(each.ciphertext for each in command.secrets)
    release = Release(
        name=command.release,
        namespace=command.namespace,
        chart=chart or NO_CHART,
        values=_resolved(command.values, opened, command),
        labels=labels,
        hook_timeout_sec=command.health_timeout_sec,
        as_user=acting_user(tenant),
        force_fields=command.force_fields,
    )
    return Inputs(
        release=release, digest=command.digest, tenant=tenant, secret=_secret(opened, command, name), secret_name=name,
        masker=Masker([*opened.values(), *passwords_of(logins)]),
        mark=keyring.mark,
    )  # fmt: skip


def of_preview(asked: PreviewRelease, chart: Path, keyring: Keyring) -> tuple[Release, Masker]:
    """Return what a preview renders, and the masker for all that it says."""
    opened = keyring.open(asked.secrets)
    tenant = Tenant(
        namespace=asked.place.namespace,
        pod_security=asked.allow.pod_security,
        limits=None,
        trusted=is_trusted(asked.allow),
    )
    release = Release(
        name=asked.place.release,
        namespace=asked.place.namespace,
        chart=chart,
        values=_resolved(asked.values, opened, asked),
        as_user=acting_user(tenant),
    )
    return release, Masker([*opened.values(), *passwords_of(keyring.open(asked.registries))])


def passwords_of(logins: dict[str, str]) -> list[str]:
    """Return what is secret in credentials of registries."""
    return [str(msgspec.json.decode(login)["password"]) for login in logins.values()]


def is_trusted(allow: Allowances) -> bool:
    return allow.crds or bool(allow.cluster_scoped)


def acting_user(tenant: Tenant) -> str:
    """Return whose rights Helm has: the tenant's, unless an admin trusts the chart with things outside the namespace."""
    return TRUSTED if tenant.trusted else tenant.user


def _resolved(values: dict[str, Any], opened: dict[str, str], asked: Command | PreviewRelease) -> dict[str, Any]:
    """Return the values with those secrets in them that the chart takes no reference to."""
    layers = [
        nest(parse_pointer(field.resolve), opened[place])
        for place, field in asked.secret_fields.items()
        if field.resolve and place in opened
    ]
    return merge(values, *layers)


def _secret(opened: dict[str, str], command: Command, name: str) -> Object | None:
    referred = {place: field for place, field in command.secret_fields.items() if not field.resolve}
    data = {
        key_of(place, field): base64.b64encode(opened[place].encode()).decode()
        for place, field in referred.items()
        if place in opened
    }
    if not data:
        return None
    meta = {"name": name, "namespace": command.namespace, "labels": {SECRETS_LABEL: "true"}}
    return {"apiVersion": "v1", "kind": "Secret", "metadata": meta, "type": "Opaque", "data": data}
