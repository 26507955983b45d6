"""What services are told in common, and what a setting of each kind takes."""

from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Literal

from msgspec import Meta

from slipway.domain.usage import Quota
from slipway.failpoints import Failpoint
from slipway.settings import Settings

DAY_SEC = 86_400
LABEL = "[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?"
HOST = r"[A-Za-z0-9]([A-Za-z0-9.-]*[A-Za-z0-9])?"

Port = Annotated[int, Meta(ge=1, le=65_535)]
Address = Annotated[str, Meta(pattern="^[A-Za-z0-9.:_-]+$", description="an address or a host's name, without a port")]
HttpUrl = Annotated[str, Meta(pattern=r"^https?://\S+$", description="a URL that begins with https:// or http://")]
NatsUrl = Annotated[
    str, Meta(pattern=r"^(nats|tls)://\S+$", description="a URL as in tls://user:password@host:4222, or with nats://")
]
Registry = Annotated[
    str,
    Meta(
        pattern=rf"^((https?|oci)://)?{HOST}(:[0-9]{{1,5}})?/?$",
        description="a host as in charts.example.org or registry:5000, or http://registry:5000 where it speaks plain http",
    ),
]
DomainName = Annotated[
    str, Meta(pattern=rf"^{LABEL}(\.{LABEL})*$", description="a domain name in lower case, as in apps.example.org")
]
Amount = Annotated[int, Meta(ge=0, le=2**31 - 1)]


class ServiceSettings(Settings, frozen=True, kw_only=True):
    """What each service is told."""

    nats_ca: str = ""
    """File with the authorities that a `tls://` server is known by; empty means the system's."""
    http_host: Address = "127.0.0.1"
    """Where it listens for requests; `0.0.0.0` or `::` means everywhere."""
    registries: tuple[Registry, ...] = ()
    """Allowed chart registries; `http://host` marks one that speaks plain http. Tell all services the same."""
    failpoints: tuple[Failpoint, ...] = ()
    """For tests of failures: see `slipway.failpoints`."""

    def mistakes(self) -> Iterator[tuple[str, str]]:
        if self.nats_ca and not Path(self.nats_ca).is_file():
            yield "nats_ca", "names a file that is not there"


class QuotaSettings(ServiceSettings, frozen=True, kw_only=True):
    """What a user may have unless an admin says otherwise; API and scheduler must be told the same."""

    deployments_per_user: Amount = 20
    """How many deployments a user may have, unless an admin says otherwise. Tell API and scheduler the same."""
    cpu_milli_per_user: Amount = 8_000
    """How much CPU a user's deployments may ask for in all, in thousandths of a core; as above."""
    memory_mib_per_user: Amount = 16 * 1024
    """How much memory they may ask for in all, in MiB; as above."""
    storage_gib_per_user: Amount = 100
    """How much storage they may ask for in all, in GiB; as above."""

    @property
    def quota(self) -> Quota:
        return Quota(
            deployments=self.deployments_per_user,
            cpu_milli=self.cpu_milli_per_user,
            memory_mib=self.memory_mib_per_user,
            storage_gib=self.storage_gib_per_user,
        )


class ConsoleSettings(Settings, frozen=True, kw_only=True):
    """What the console's own server is told; `deploy/console/start.sh` reads it, as there is no Python in that image."""

    http_port: Port = 8080
    """Where it listens."""
    api_address: Annotated[
        str,
        Meta(pattern=r"^([A-Za-z0-9._-]+|\[[0-9A-Fa-f:.]+\]):[0-9]{1,5}$", description="host:port, as in api:8080"),
    ] = "api:8080"
    """Where the API is; its name is looked up once, at the start."""
    behind_proxy: Annotated[Literal["true", "false"], Meta(description="true or false")] = "false"
    """Whether a proxy stands before it, whose word on who asks, and over https or not, is then passed on to the API. With `true`
    and none there, anybody could speak for whomever he likes."""
