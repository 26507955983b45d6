"""What the API is told."""

from typing import Annotated

import msgspec

from slipway.domain.domains import DomainRules
from slipway.settings import Network, QuotaSettings, SettingsError
from slipway_api.auth.oidc import Client, checked
from slipway_api.auth.tokens import SHORTEST_KEY
from slipway_api.console_files import PACKAGED

WILDCARD = r"^\*(\.[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?)+$"


class ApiSettings(QuotaSettings, frozen=True, kw_only=True):
    database_url: str
    """As libpq has it: `postgresql://login:password@host:5432/database?sslmode=verify-full&sslrootcert=/authority.crt`."""
    jwt_secret_key: Annotated[str, msgspec.Meta(min_length=SHORTEST_KEY)]
    """Signs access tokens."""
    jwt_previous_key: str = ""
    """Still accepted while keys are rotated."""
    nats_url: str = ""
    """Empty: no live feed and no live queries; all else works."""
    nats_ca: str = ""
    """File with the authorities that a `tls://` server is known by; empty means the system's."""
    http_host: str = "127.0.0.1"
    http_port: int = 8080
    trusted_proxies: tuple[Network, ...] = ()
    """Networks of the proxies before this API, the console's own server among them, as in `10.42.0.0/16`: who asks, and over
    https or not, is then what they say (`X-Forwarded-For`, `X-Forwarded-Proto`). Nobody else is believed."""
    token_minutes: int = 60
    """Of an access token."""
    sign_in_days: int = 30
    """After which somebody who stayed signed in signs in again."""
    frontend_url: str = ""
    """Where people reach the console; empty means at this API's own address."""
    oidc_issuer: str = ""
    """URL of an OpenID Connect issuer whose users may sign in; empty: none."""
    oidc_client_id: str = ""
    oidc_client_secret: str = ""
    oidc_admin_claim: str = ""
    """`claim=value`, as in `groups=platform`: who has it is an admin, at each sign-in. Empty: the issuer has no say."""
    registries: tuple[str, ...] = ()
    reserved_domains: tuple[str, ...] = ()
    """Names that no deployment may have, nor one below them."""
    domain_wildcards: tuple[Annotated[str, msgspec.Meta(pattern=WILDCARD)], ...] = ()
    """The platform's own domains, as in `*.apps.example.org`: names below one have one label more."""
    other_domains: bool = True
    """Whether deployments may have names that are not below one of `SLIPWAY_DOMAIN_WILDCARDS`."""
    writes_per_second: int = 50
    """Of one user."""
    public_scheme: str = "http"
    """How deployments are reached at their domain."""
    console_dir: str = str(PACKAGED)
    """Where the built web console lies."""
    admin_email: str = ""
    admin_password: str = ""
    assistant_model: str = ""
    """Its name at the endpoint; empty: no assistant, all else works."""
    assistant_base_url: str = ""
    """Of any OpenAI-compatible endpoint, as in `http://127.0.0.1:11434/v1`; empty: OpenAI's own."""
    assistant_api_key: str = ""
    """Empty for a local model server that asks for none."""
    assistant_steps: int = 12
    """How often one answer may ask the model."""
    assistant_seconds: int = 120
    """How long one answer may take."""
    assistant_history_tokens: int = 8_000
    """How much of a conversation the model is shown, estimated."""
    assistant_answer_tokens: int = 60_000
    """How much one answer may send and receive in all its steps, estimated."""
    failpoints: tuple[str, ...] = ()
    """For tests of failures: see `slipway.failpoints`."""

    @property
    def domains(self) -> DomainRules:
        """Which names deployments may have."""
        return DomainRules(reserved=self.reserved_domains, wildcards=self.domain_wildcards, others=self.other_domains)

    @property
    def oidc(self) -> Client | None:
        """The OpenID Connect client; SettingsError when it is set by half."""
        if not self.oidc_issuer:
            return None
        if not self.oidc_client_id or not self.oidc_client_secret:
            raise SettingsError("SLIPWAY_OIDC_ISSUER needs SLIPWAY_OIDC_CLIENT_ID and SLIPWAY_OIDC_CLIENT_SECRET")
        return checked(
            Client(
                issuer=self.oidc_issuer,
                client_id=self.oidc_client_id,
                client_secret=self.oidc_client_secret,
                admin_claim=self.oidc_admin_claim,
            )
        )
