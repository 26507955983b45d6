"""What the API is told."""

from slipway.settings import QuotaSettings


class ApiSettings(QuotaSettings, frozen=True, kw_only=True):
    database_url: str
    jwt_secret_key: str
    """Signs access tokens; at least 32 characters."""
    jwt_previous_key: str = ""
    """Still accepted while keys are rotated."""
    nats_url: str = ""
    """Empty: no live feed and no live queries; all else works."""
    http_host: str = "127.0.0.1"
    http_port: int = 8080
    token_minutes: int = 60
    registries: tuple[str, ...] = ()
    reserved_domains: tuple[str, ...] = ()
    writes_per_second: int = 50
    """Of one user."""
    public_scheme: str = "http"
    """How deployments are reached at their domain."""
    admin_email: str = ""
    admin_password: str = ""
    failpoints: tuple[str, ...] = ()
    """For tests of failures: see `slipway.failpoints`."""
