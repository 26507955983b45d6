"""What the API is told."""

from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Literal

from msgspec import Meta

from slipway.database.dsn import fault
from slipway.database.settings import Connections, DatabaseUrl, OwnerSettings
from slipway.domain.domains import DomainRules
from slipway.service_settings import LABEL, DomainName, HttpUrl, NatsUrl, Port, QuotaSettings
from slipway.settings import Network
from slipway_api.auth.oidc import Client, Issuer
from slipway_api.auth.passwords import Password
from slipway_api.auth.tokens import SHORTEST_KEY

SigningKey = Annotated[str, Meta(min_length=SHORTEST_KEY, description=f"{SHORTEST_KEY} characters or more")]
Wildcard = Annotated[
    str, Meta(pattern=rf"^\*(\.{LABEL})+$", description="a domain with a star before it, as in *.apps.example.org")
]
Email = Annotated[str, Meta(pattern=r"^[^@\s]+@[^@\s]+$", description="an e-mail address")]


class ApiSettings(QuotaSettings, frozen=True, kw_only=True):
    database_url: DatabaseUrl
    """As libpq has it: `postgresql://login:password@host:5432/database?sslmode=verify-full&sslrootcert=/authority.crt`."""
    jwt_secret_key: SigningKey
    """Signs access tokens."""
    jwt_previous_key: SigningKey = ""
    """Still accepted while keys are rotated."""
    database_connections: Connections = 10
    """How many the process opens to PostgreSQL at most; who finds all of them in use waits for one."""
    nats_url: NatsUrl = ""
    """Empty: no live feed and no live queries; all else works."""
    http_port: Port = 8080
    """Where the API listens, and tells of its health and its metrics."""
    trusted_proxies: tuple[Annotated[Network, Meta(description="a network such as `10.0.0.0/8`")], ...] = ()
    """Networks of the proxies before this API, the console's own server among them, as in `10.42.0.0/16`: who asks, and over
    https or not, is then what they say (`X-Forwarded-For`, `X-Forwarded-Proto`). Nobody else is believed."""
    token_minutes: Annotated[int, Meta(ge=1, le=60 * 24 * 31)] = 60
    """Of an access token."""
    sign_in_days: Annotated[int, Meta(ge=1, le=3_650)] = 30
    """After which somebody who stayed signed in signs in again."""
    frontend_url: HttpUrl = ""
    """Where people reach the console; empty means at this API's own address."""
    oidc_issuer: Issuer = ""
    """URL of an OpenID Connect issuer whose users may sign in; empty: none."""
    oidc_client_id: str = ""
    """By which the issuer knows this installation."""
    oidc_client_secret: str = ""
    """By which it proves that it is the one; the issuer gives both."""
    oidc_admin_claim: Annotated[str, Meta(pattern="^[^=]+=.+$", description="claim=value")] = ""
    """`claim=value`, as in `groups=platform`: who has it is an admin, at each sign-in. Empty: the issuer has no say."""
    reserved_domains: tuple[DomainName, ...] = ()
    """Names that no deployment may have, nor one below them."""
    domain_wildcards: tuple[Wildcard, ...] = ()
    """The platform's own domains, as in `*.apps.example.org`: names below one have one label more."""
    other_domains: bool = True
    """Whether deployments may have names that are not below one of `SLIPWAY_DOMAIN_WILDCARDS`."""
    writes_per_second: Annotated[int, Meta(ge=1, le=1_000_000)] = 50
    """Of one user."""
    public_scheme: Annotated[Literal["http", "https"], Meta(description="http or https")] = "http"
    """How deployments are reached at their domain."""
    console_dir: str = ""
    """Folder of the built web console; empty means the packaged one."""
    admin_email: Email = ""
    """Of the first admin, whom `python -m slipway_api.bootstrap` makes; empty: the API itself needs none."""
    admin_password: Password = ""
    """Of the first admin, to begin with."""
    assistant_model: str = ""
    """Its name at the endpoint; empty: no assistant, all else works."""
    assistant_base_url: HttpUrl = ""
    """Of any OpenAI-compatible endpoint, as in `http://127.0.0.1:11434/v1`; empty: OpenAI's own."""
    assistant_api_key: str = ""
    """Empty for a local model server that asks for none."""
    assistant_steps: Annotated[int, Meta(ge=1, le=1_000)] = 12
    """How often one answer may ask the model."""
    assistant_seconds: Annotated[int, Meta(ge=1, le=3_600)] = 120
    """How long one answer may take."""
    assistant_history_tokens: Annotated[int, Meta(ge=0, le=10_000_000)] = 8_000
    """How much of a conversation the model is shown beside the last message, estimated."""
    assistant_answer_tokens: Annotated[int, Meta(ge=1, le=100_000_000)] = 60_000
    """How much one answer may send and receive in all its steps, estimated."""

    @property
    def domains(self) -> DomainRules:
        """Which names deployments may have."""
        return DomainRules(reserved=self.reserved_domains, wildcards=self.domain_wildcards, others=self.other_domains)

    @property
    def oidc(self) -> Client | None:
        """The OpenID Connect client; None where no issuer is named."""
        if not self.oidc_issuer:
            return None
        return Client(
            issuer=self.oidc_issuer,
            client_id=self.oidc_client_id,
            client_secret=self.oidc_client_secret,
            admin_claim=self.oidc_admin_claim,
        )

    def mistakes(self) -> Iterator[tuple[str, str]]:
        yield from super().mistakes()
        if wrong := fault(self.database_url):
            yield "database_url", wrong
        if self.oidc_issuer and not self.oidc_client_id:
            yield "oidc_client_id", "is needed with SLIPWAY_OIDC_ISSUER"
        if self.oidc_issuer and not self.oidc_client_secret:
            yield "oidc_client_secret", "is needed with SLIPWAY_OIDC_ISSUER"
        if not self.other_domains and not self.domain_wildcards:
            yield "domain_wildcards", "is needed where SLIPWAY_OTHER_DOMAINS is false"
        if self.console_dir and not Path(self.console_dir).is_dir():
            yield "console_dir", "names a folder that is not there"
        if self.admin_email and not self.admin_password:
            yield "admin_password", "is needed with SLIPWAY_ADMIN_EMAIL"


class PrepareSettings(OwnerSettings, frozen=True, kw_only=True):
    """What `python -m slipway_api.prepare` is told, once for each installation and upgrade."""

    api_database_url: DatabaseUrl = ""
    """Of the API's own login, made when absent; empty: the API uses the owner's."""
    scheduler_database_url: DatabaseUrl = ""
    """Of the scheduler's own login, in the same way."""
    admin_email: Email = ""
    """Of the first admin; empty: none is made."""
    admin_password: Password = ""
    """Of the first admin, to begin with."""

    def mistakes(self) -> Iterator[tuple[str, str]]:
        yield from super().mistakes()
        for field in ("api_database_url", "scheduler_database_url"):
            if (url := getattr(self, field)) and (wrong := fault(url)):
                yield field, wrong
        if self.admin_email and not self.admin_password:
            yield "admin_password", "is needed with SLIPWAY_ADMIN_EMAIL"
