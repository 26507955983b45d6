"""OpenID Connect, as a client: authorization code flow with PKCE. What the issuer says is believed by its signature only."""

import base64
import hashlib
import secrets
from datetime import UTC, datetime, timedelta
from typing import Annotated, Any
from urllib.parse import urlencode

import httpx
import jwt
import msgspec

from slipway_api.auth.tokens import ALGORITHM, LEEWAY_SEC

ALGORITHMS = ("RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA")
"""Signatures by a key pair: a secret that the client knows too proves nothing."""
TIMEOUT_SEC = 10.0
FLOW_MINUTES = 10
FLOW_AUDIENCE = "slipway-oidc"


Issuer = Annotated[
    str,
    msgspec.Meta(
        pattern=r"^(https://\S+|http://(localhost|127\.0\.0\.1|\[::1\])(:[0-9]{1,5})?(/\S*)?)$",
        description="a URL that begins with https://: nobody may overhear it",
    ),
]


class OidcError(Exception):
    """The issuer did not answer as it should, or what came back was not what was asked for. Says which, and no secret."""


class Client(msgspec.Struct, frozen=True, kw_only=True):
    """How Slipway is known to an issuer."""

    issuer: str
    client_id: str
    client_secret: str
    admin_claim: str = ""
    """`claim=value`: whose claim has (or contains) the value is an admin. Empty: the issuer does not say who is one."""

    def is_admin(self, claims: dict[str, Any]) -> bool | None:
        """Tell whether the claims make an admin; None when the issuer has no say in it."""
        name, _, wanted = self.admin_claim.partition("=")
        if not name:
            return None
        found = claims.get(name)
        return wanted in [str(each) for each in found] if isinstance(found, list) else str(found) == wanted


class Flow(msgspec.Struct, frozen=True, kw_only=True):
    """What a browser keeps between leaving for the issuer and coming back, signed by us."""

    state: str
    nonce: str
    verifier: str

    @classmethod
    def new(cls) -> "Flow":
        return cls(state=secrets.token_urlsafe(24), nonce=secrets.token_urlsafe(24), verifier=secrets.token_urlsafe(48))

    def signed(self, key: str) -> str:
        until = datetime.now(UTC) + timedelta(minutes=FLOW_MINUTES)
        return jwt.encode({**msgspec.structs.asdict(self), "aud": FLOW_AUDIENCE, "exp": until}, key, ALGORITHM)

    @classmethod
    def read(cls, signed: str, key: str) -> "Flow":
        """Return the flow of a cookie. OidcError when it is none of ours, or too old."""
        try:
            claims = jwt.decode(signed, key, algorithms=[ALGORITHM], audience=FLOW_AUDIENCE)
            return msgspec.convert({name: claims[name] for name in cls.__struct_fields__}, cls)
        except (jwt.PyJWTError, KeyError, msgspec.ValidationError) as error:
            raise OidcError("the sign-in was not begun here, or too long ago") from error


async def authorization_url(client: Client, flow: Flow, redirect_uri: str) -> str:
    """Return where the browser goes to sign in."""
    found = await _discovered(client)
    challenge = base64.urlsafe_b64encode(hashlib.sha256(flow.verifier.encode()).digest()).decode().rstrip("=")
    query = {
        "response_type": "code", "client_id": client.client_id, "redirect_uri": redirect_uri,
        "scope": "openid email profile", "state": flow.state, "nonce": flow.nonce,
        "code_challenge": challenge, "code_challenge_method": "S256",
    }  # fmt: skip
    address = str(found["authorization_endpoint"])
    return f"{address}{'&' if '?' in address else '?'}{urlencode(query)}"


async def claims_of(client: Client, flow: Flow, code: str, redirect_uri: str) -> dict[str, Any]:
    """Exchange the code of the way back for who signed in. OidcError when any of it is not as it should be."""
    found = await _discovered(client)
    form = {
        "grant_type": "authorization_code", "code": code, "redirect_uri": redirect_uri,
        "client_id": client.client_id, "client_secret": client.client_secret, "code_verifier": flow.verifier,
    }  # fmt: skip
    answer = await _asked("POST", str(found["token_endpoint"]), form)
    keys = await _asked("GET", str(found["jwks_uri"]))
    return _verified(client, flow, str(answer.get("id_token", "")), keys)


def _verified(client: Client, flow: Flow, token: str, keys: dict[str, Any]) -> dict[str, Any]:
    try:
        header = jwt.get_unverified_header(token)
        known = jwt.PyJWKSet.from_dict(keys).keys
        fitting = [key for key in known if "kid" not in header or key.key_id == header["kid"]]
        if len(fitting) != 1 or header.get("alg") not in ALGORITHMS:
            raise OidcError("the ID token is signed by no key of the issuer")
        claims = jwt.decode(
            token, fitting[0], algorithms=[str(header["alg"])], issuer=client.issuer, audience=client.client_id,
            leeway=LEEWAY_SEC, options={"require": ["sub", "iss", "aud", "exp", "iat"]},
        )  # fmt: skip
    except jwt.PyJWTError as error:
        raise OidcError(f"the ID token is not valid ({type(error).__name__})") from error
    if not secrets.compare_digest(str(claims.get("nonce", "")), flow.nonce):
        raise OidcError("the ID token was made for another sign-in")
    return claims


async def _discovered(client: Client) -> dict[str, Any]:
    found = await _asked("GET", f"{client.issuer.rstrip('/')}/.well-known/openid-configuration")
    if found.get("issuer") != client.issuer:
        raise OidcError("the issuer calls itself by another name than SLIPWAY_OIDC_ISSUER")
    return found


async def _asked(method: str, url: str, form: dict[str, str] | None = None) -> dict[str, Any]:
    try:
        async with httpx.AsyncClient(timeout=TIMEOUT_SEC, follow_redirects=False) as http:
            answer = await http.request(method, url, data=form, headers={"Accept": "application/json"})
        answer.raise_for_status()
        return msgspec.json.decode(answer.content, type=dict[str, Any])
    except (httpx.HTTPError, msgspec.DecodeError) as error:
        raise OidcError(f"the issuer does not answer as it should ({type(error).__name__})") from error
