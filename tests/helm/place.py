"""A namespace of a real cluster as a test looks into it."""

import asyncio
import json
import os
from pathlib import Path
from typing import Any

from slipway.dev.build import Binaries
from slipway.identity import new_id
from slipway_executor.cluster.port import Object
from slipway_executor.cluster.real import KubernetesCluster
from slipway_executor.cluster.releases import decode, encode, secret_name
from slipway_executor.reconcile import tenant
from slipway_executor.reconcile.tenant import Tenant

KINDS = (
    "configmaps,deployments.apps,services,jobs.batch,serviceaccounts,persistentvolumeclaims,secrets,"
    "ingresses.networking.k8s.io,horizontalpodautoscalers.autoscaling"
)


class Place:
    """One namespace, with `kubectl` and `helm` pointed at it."""

    def __init__(self, binaries: Binaries, kubeconfig: Path, cluster: KubernetesCluster) -> None:
        self._binaries = binaries
        self._kubeconfig = kubeconfig
        self.cluster = cluster
        self.namespace = f"helm-{new_id().hex[-10:]}"

    @classmethod
    async def make(cls, binaries: Binaries, kubeconfig: Path, cluster: KubernetesCluster) -> "Place":
        place = cls(binaries, kubeconfig, cluster)
        await place.kubectl("create", "namespace", place.namespace)
        for item in tenant.access(
            Tenant(namespace=place.namespace, pod_security="baseline", limits=None, adopted=True)
        ):
            await place.make_object(item)
        return place

    async def kubectl(self, *arguments: str, stdin: str = "") -> str:
        return await self._run(self._binaries.kubectl, *arguments, stdin=stdin)

    async def helm(self, *arguments: str) -> str:
        return await self._run(self._binaries.helm, *arguments)

    async def make_object(self, item: Object, *, manager: str = "somebody") -> None:
        flags = ("apply", "--server-side", f"--field-manager={manager}", "--force-conflicts", "-f", "-")
        await self.kubectl(*flags, stdin=json.dumps(item))

    async def get(self, kinds: str) -> list[Object]:
        shown = await self.kubectl("get", kinds, "--output=json", "--show-managed-fields")
        return json.loads(shown)["items"]

    async def releases(self) -> list[dict[str, Any]]:
        """Return all stored releases with their labels, oldest first."""
        secrets = [item for item in await self.get("secrets") if item["type"] == "helm.sh/release.v1"]
        found = [{**decode(item), "secret_labels": item["metadata"]["labels"]} for item in secrets]
        return sorted(found, key=lambda each: each["version"])

    async def mark(self, status: str) -> None:
        """Have the newest revision's record say this, as an operation leaves it that was interrupted."""
        release = (await self.releases())[-1]
        del release["secret_labels"]
        release["info"]["status"] = status
        patch = {"metadata": {"labels": {"status": status}}, "data": {"release": encode(release)}}
        name = secret_name(release["name"], release["version"])
        await self.kubectl("patch", "secret", name, "--type=merge", "-p", json.dumps(patch))

    async def objects(self) -> list[Object]:
        """Return what a chart may have made: neither records, nor what every namespace has."""
        return [
            item
            for item in await self.get(KINDS)
            if item.get("type") != "helm.sh/release.v1"
            and item["metadata"]["name"] not in ("kube-root-ca.crt", "default", tenant.ACCOUNT)
        ]

    async def _run(self, program: Path, *arguments: str, stdin: str = "") -> str:
        process = await asyncio.create_subprocess_exec(
            str(program), *arguments, f"--namespace={self.namespace}",
            env={**os.environ, "KUBECONFIG": str(self._kubeconfig)},
            stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE,
        )  # fmt: skip
        output, errors = await process.communicate(stdin.encode())
        assert process.returncode == 0, errors.decode()
        return output.decode()
