"""Charts before they are published. For admins."""

from typing import Any

import msgspec

from slipway.client.http import SlipwayClient


class Chart(msgspec.Struct, frozen=True, kw_only=True):
    """What a chart says of itself."""

    chart_digest: str
    name: str
    chart_version: str
    app_version: str | None = None
    description: str | None = None
    values: dict[str, Any] | None = None
    values_schema: dict[str, Any] | None = None


class Charts:
    def __init__(self, http: SlipwayClient) -> None:
        self._http = http

    async def upload(self, archive: bytes) -> Chart:
        """Upload an archive as `helm package` makes it; a version is then published by its digest."""
        return msgspec.convert(await self._http.upload("/charts", archive, "application/gzip"), Chart)

    async def inspect(self, reference: str, version: str, *, digest: str | None = None) -> Chart:
        """Read a chart in a registry; its digest is looked up when it is not given."""
        body = {"chart_ref": reference, "chart_version": version, "chart_digest": digest}
        return msgspec.convert(await self._http.post("/charts/inspect", body), Chart)
