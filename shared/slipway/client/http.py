"""A client of the HTTP API: signs in, and turns problem details into one typed error."""

from typing import Any, Self

import httpx
import msgspec

PREFIX = "/api/v1"


class Refused(Exception):
    """The API refused a request; `code` is stable, `errors` name the fields."""

    def __init__(self, status: int, code: str, detail: str, errors: list[dict[str, str]]) -> None:
        fields = "; ".join(f"{each['pointer']} {each['message']}" for each in errors)
        super().__init__(": ".join(part for part in (code, detail, fields) if part))
        self.status = status
        self.code = code
        self.errors = errors


class SlipwayClient:
    """`async with SlipwayClient(url) as client`. Bodies and answers are JSON values."""

    def __init__(self, url: str, *, token: str = "", timeout_sec: float = 30.0) -> None:
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        self._http = httpx.AsyncClient(base_url=url, headers=headers, timeout=timeout_sec, trust_env=False)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._http.aclose()

    async def login(self, email: str, password: str) -> str:
        """Sign in; all further requests bear the token that is returned."""
        answer = await self.post("/auth/login", {"email": email, "password": password})
        token: str = answer["access_token"]
        self._http.headers["Authorization"] = f"Bearer {token}"
        return token

    async def products(self) -> dict[str, Any]:
        return await self.get("/products?limit=200")

    async def get(self, path: str) -> Any:
        return await self._call("GET", path)

    async def post(self, path: str, body: Any = None) -> Any:
        return await self._call("POST", path, {} if body is None else body)

    async def patch(self, path: str, body: Any) -> Any:
        return await self._call("PATCH", path, body)

    async def put(self, path: str, body: Any) -> Any:
        return await self._call("PUT", path, body)

    async def text(self, path: str) -> str:
        """Return an answer that is no JSON."""
        answer = await self._http.get(f"{PREFIX}{path}")
        if answer.is_error:
            raise _refused(answer)
        return answer.text

    async def delete(self, path: str) -> Any:
        return await self._call("DELETE", path)

    async def _call(self, method: str, path: str, body: Any = None) -> Any:
        answer = await self._http.request(method, f"{PREFIX}{path}", json=body)
        if answer.is_error:
            raise _refused(answer)
        return answer.json() if answer.content else None


def _refused(answer: httpx.Response) -> Refused:
    try:
        problem = msgspec.json.decode(answer.content, type=dict[str, Any])
    except msgspec.DecodeError:
        problem = {}
    return Refused(
        answer.status_code,
        str(problem.get("code", answer.status_code)),
        str(problem.get("detail", "")),
        problem.get("errors", []),
    )
