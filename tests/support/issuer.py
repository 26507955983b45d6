"""An OpenID Connect issuer on loopback: discovery, keys, authorization and token endpoint, with the checks a real one makes."""

import base64
import hashlib
import json
import threading
from collections.abc import Generator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

import jwt
from cryptography.hazmat.primitives.asymmetric import rsa
from jwt.algorithms import RSAAlgorithm

CLIENT_ID, CLIENT_SECRET, KID = "slipway", "a-secret-between-us", "key-1"


class Issuer:
    """Who signs in next, and how the answer is bent."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
        self.person: dict[str, Any] = {"sub": "u1", "email": "ada@example.org", "email_verified": True, "name": "Ada"}
        self.bent: dict[str, Any] = {}
        """Claims that the next ID token has instead."""
        self.signing: dict[str, Any] = {}
        """Key, algorithm or headers that the next ID token has instead."""
        self.codes: dict[str, dict[str, str]] = {}

    def document(self, path: str) -> dict[str, Any] | None:
        if path == "/.well-known/openid-configuration":
            return {
                "issuer": self.url, "authorization_endpoint": f"{self.url}/authorize",
                "token_endpoint": f"{self.url}/token", "jwks_uri": f"{self.url}/keys",
            }  # fmt: skip
        if path == "/keys":
            public = json.loads(RSAAlgorithm.to_jwk(self.key.public_key()))
            return {"keys": [{**public, "kid": KID, "use": "sig", "alg": "RS256"}]}
        return None

    def authorize(self, query: dict[str, str]) -> str:
        """Sign the person in and return where the browser is sent."""
        assert (query["client_id"], query["response_type"], query["code_challenge_method"]) == (
            CLIENT_ID,
            "code",
            "S256",
        )
        code = f"code-{len(self.codes)}"
        self.codes[code] = query
        return f"{query['redirect_uri']}?{urlencode({'code': code, 'state': query['state']})}"

    def token(self, form: dict[str, str]) -> dict[str, Any] | None:
        asked = self.codes.pop(form.get("code", ""), None)
        if asked is None or (form["client_id"], form["client_secret"]) != (CLIENT_ID, CLIENT_SECRET):
            return None
        digest = hashlib.sha256(form["code_verifier"].encode()).digest()
        proof = base64.urlsafe_b64encode(digest).decode().rstrip("=")
        if (proof, form["redirect_uri"]) != (asked["code_challenge"], asked["redirect_uri"]):
            return None
        now = datetime.now(UTC)
        claims = {
            "iss": self.url, "aud": CLIENT_ID, "iat": now, "exp": now + timedelta(minutes=5), "nonce": asked["nonce"],
            **self.person, **self.bent,
        }  # fmt: skip
        signing: dict[str, Any] = {"key": self.key, "algorithm": "RS256", "headers": {"kid": KID}, **self.signing}
        return {"access_token": "x", "token_type": "Bearer", "id_token": jwt.encode(claims, **signing)}


@contextmanager
def running() -> Generator[Issuer]:
    """Run an issuer until the context ends."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            parts = urlsplit(self.path)
            if parts.path == "/authorize":
                query = {name: values[0] for name, values in parse_qs(parts.query).items()}
                self.send_response(302)
                self.send_header("Location", issuer.authorize(query))
                self.end_headers()
            else:
                self._json(issuer.document(parts.path))

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"])).decode()
            self._json(issuer.token({name: values[0] for name, values in parse_qs(body).items()}))

        def _json(self, content: dict[str, Any] | None) -> None:
            self.send_response(200 if content is not None else 400)
            self.send_header("Content-Type", "application/json")
            self.end_headers()
            self.wfile.write(json.dumps(content or {"error": "invalid_grant"}).encode())

        def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the base's name
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    issuer = Issuer(f"http://127.0.0.1:{server.server_address[1]}")
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield issuer
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
