"""Where the API server serves each kind: its own discovery document, asked again when a kind is not in it."""

import asyncio

import msgspec

from slipway_executor.cluster.kubernetes import KubernetesApi

AGGREGATED = "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList"
"""One answer for all groups, since Kubernetes 1.30."""


class Resource(msgspec.Struct, frozen=True, kw_only=True):
    """A kind as the API serves it."""

    api_version: str
    kind: str
    plural: str
    namespaced: bool
    listed: bool = False
    """Whether its objects are stored, and can be listed."""

    def path(self, namespace: str | None = None) -> str:
        """Return the path of the collection, in a namespace when the kind has one."""
        root = "/api" if "/" not in self.api_version else "/apis"
        place = f"/namespaces/{namespace}" if self.namespaced and namespace else ""
        return f"{root}/{self.api_version}{place}/{self.plural}"


class Discovery:
    """The kinds of one cluster, remembered."""

    def __init__(self, api: KubernetesApi) -> None:
        self._api = api
        self._known: dict[tuple[str, str], Resource] = {}
        self._asking = asyncio.Lock()

    async def resource(self, api_version: str, kind: str) -> Resource | None:
        """Return the kind, or None when the cluster does not serve it (asked again each time: a CRD may be new)."""
        if (api_version, kind) not in self._known:
            async with self._asking:
                if (api_version, kind) not in self._known:
                    self._known = await self._ask()
        return self._known.get((api_version, kind))

    async def gone(self, api_version: str, kind: str) -> bool:
        """Ask again whether the cluster serves a kind whose remembered path has answered 404."""
        self._known = await self._ask()
        return (api_version, kind) not in self._known

    async def in_namespaces(self) -> list[Resource]:
        """Return every kind whose objects live in namespaces, as it is served at this moment, once for each name."""
        self._known = await self._ask()
        found = {each.plural: each for each in self._known.values() if each.namespaced and each.listed}
        return list(found.values())

    async def _ask(self) -> dict[tuple[str, str], Resource]:
        core, groups = await asyncio.gather(
            self._api.get("/api", accept=AGGREGATED), self._api.get("/apis", accept=AGGREGATED)
        )
        found: dict[tuple[str, str], Resource] = {}
        for item in [*core.get("items", []), *groups.get("items", [])]:
            group = item.get("metadata", {}).get("name", "")
            for version in item.get("versions", []):
                name = f"{group}/{version['version']}" if group else version["version"]
                for served in version.get("resources", []):
                    resource = Resource(
                        api_version=name,
                        kind=served["responseKind"]["kind"],
                        plural=served["resource"],
                        namespaced=served["scope"] == "Namespaced",
                        listed={"list", "delete"} <= set(served.get("verbs", [])),
                    )
                    found[name, resource.kind] = resource
        return found
