"""What an operator does with the platform's chart, and the pods' processes that the simulated node does not run."""

import asyncio
import base64
import json
import os
import signal
import sys
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any
from urllib.parse import SplitResult, urlsplit

import asyncpg
import yaml

from slipway.dev.access import EXECUTOR, TRUSTED, write_kubeconfig
from slipway.dev.cluster import Cluster
from slipway.dev.nats import MAX_PAYLOAD
from slipway.dev.ports import free_port
from slipway.dev.postgres import Postgres
from slipway.dev.process import READY_POLL_SEC, Server, answers_tcp, spawn, stop, wait_ready
from slipway.dev.readiness import wait_healthy
from tests.conftest import at_database
from tests.deploy.helming import ROOT

NAMESPACE, RELEASE = "slipway-system", "slipway"
OWNER = "slipway"
PODS = "10.42.0.0/24"
"""Network of the pods on the cluster's node."""


class Operator:
    def __init__(self, *, state: Path, postgres: Postgres, nats: Server, cluster: Cluster) -> None:
        self.state = state
        self.cluster = cluster
        self.ports = {component: free_port() for component in ("api", "scheduler", "executor")}
        self.nats = nats
        self._postgres = postgres
        self._pods: list[Server] = []

    @property
    def shell(self) -> dict[str, str]:
        """The environment in which the operator types."""
        return {
            "PATH": f"{self.state / 'bin'}:/usr/bin:/bin",
            "HOME": str(self.state),
            "KUBECONFIG": str(self.cluster.kubeconfig),
            "DATABASE_URL": at_database(self._postgres.dsn(), "slipway", user=OWNER, password="owner"),
            "NATS_URL": f"nats://slipway:nats@{self.nats.address}",
            "SLIPWAY_IMAGES": "registry.example.org/slipway",
        }

    async def clear_cluster(self) -> None:
        """Make it an operator's: take away what `slipway dev` lays into it, and give its nodes networks for pods."""
        await self.types(f"kubectl delete namespace {NAMESPACE} --wait")
        await self.types(
            f"kubectl delete clusterrole,clusterrolebinding {EXECUTOR} && kubectl delete clusterrolebinding {TRUSTED}"
        )
        network = json.dumps({"spec": {"podCIDR": PODS, "podCIDRs": [PODS]}})
        await self.types(f"kubectl get nodes -o name | xargs -I@ kubectl patch @ -p '{network}'")

    async def make_database(self) -> None:
        """Make what the chart's README asks for: an empty database, and a login that owns it and may make roles."""
        server = await asyncpg.connect(self._postgres.dsn())
        await server.execute(f"CREATE ROLE {OWNER} LOGIN CREATEROLE PASSWORD 'owner'")
        await server.execute(f"CREATE DATABASE slipway OWNER {OWNER}")
        await server.close()

    @asynccontextmanager
    async def without_database(self) -> AsyncGenerator[None]:
        """Have PostgreSQL end the connections to the database meanwhile, and take no others."""
        server = await asyncpg.connect(self._postgres.dsn())
        await server.execute("ALTER DATABASE slipway ALLOW_CONNECTIONS false")
        await server.execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = 'slipway'")
        yield
        await server.execute("ALTER DATABASE slipway ALLOW_CONNECTIONS true")
        await server.close()

    @asynccontextmanager
    async def without_nats(self) -> AsyncGenerator[None]:
        """Have NATS away meanwhile."""
        await stop(self.state, self.nats)
        yield
        self.nats = await start_nats(self.state, int(self.nats.address.rpartition(":")[2]))

    async def types(self, line: str) -> str:
        """Run a line in the operator's shell, in the checkout; return what it printed."""
        process = await asyncio.create_subprocess_exec(
            "bash", "-c", line, env=self.shell, cwd=ROOT,
            stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT,
        )  # fmt: skip
        output, _ = await process.communicate()
        assert process.returncode == 0, f"{line}\n{output.decode()}"
        return output.decode()

    async def kubectl(self, *arguments: str) -> Any:
        return json.loads(await self.types(f"kubectl -n {NAMESPACE} {' '.join(arguments)} -o json"))

    async def environment(self, component: str) -> dict[str, str]:
        """Return what the pods of a component are told, as the cluster has it."""
        deployment = await self.kubectl("get", "deployment", f"{RELEASE}-{component}")
        [container] = deployment["spec"]["template"]["spec"]["containers"]
        found: dict[str, str] = {}
        for source in container["envFrom"]:
            if "configMapRef" in source:
                found |= (await self.kubectl("get", "configmap", source["configMapRef"]["name"])).get("data") or {}
            else:
                secret = await self.kubectl("get", "secret", source["secretRef"]["name"])
                found |= {key: base64.b64decode(value).decode() for key, value in (secret.get("data") or {}).items()}
        return found

    async def _hooks(self, job: str) -> tuple[list[Any], Any]:
        """Return the release's hooks, and the container of one of its Jobs."""
        hooks = [
            item for item in yaml.safe_load_all(await self.types(f"helm get hooks {RELEASE} -n {NAMESPACE}")) if item
        ]
        [found] = [item for item in hooks if item["metadata"]["name"] == f"{RELEASE}-{job}" and item["kind"] == "Job"]
        [container] = found["spec"]["template"]["spec"]["containers"]
        return hooks, container

    async def asked_by_helm_test(self) -> list[SplitResult]:
        """Return what the pod of `helm test` asks for its health."""
        _, container = await self._hooks("test")
        python, module, alive, *urls = container["command"]
        assert (python, module, alive) == ("python", "-m", "slipway.alive")
        return [urlsplit(each) for each in urls]

    async def helm_test(self) -> bool:
        """Do what the pod of `helm test` would, to the pods that run here; return whether it succeeds."""
        ports = {f"{RELEASE}-{pod.name.removeprefix('pod-')}": pod.address for pod in self._pods}
        urls = [
            f"http://{ports[str(each.hostname)]}{each.path}"
            for each in await self.asked_by_helm_test()
            if each.hostname in ports
        ]
        assert len(urls) == len(self._pods)
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "slipway.alive", *urls, stderr=asyncio.subprocess.DEVNULL
        )
        return await process.wait() == 0

    async def run_hook(self) -> None:
        """Do what the migration Job's pod would: its command, with the environment that it was given."""
        hooks, container = await self._hooks("migrations")
        [secret] = [item for item in hooks if item["kind"] == "Secret"]
        assert container["envFrom"] == [{"secretRef": {"name": secret["metadata"]["name"]}}]
        python, *arguments = container["command"]
        assert python == "python"
        environ = {**secret["stringData"], "PATH": "/usr/bin:/bin"}
        process = await asyncio.create_subprocess_exec(
            sys.executable, *arguments, env=environ, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT
        )
        output, _ = await process.communicate()
        assert process.returncode == 0, output.decode()

    async def run_pod(self, component: str, **more: str) -> None:
        """Run the process of one pod here, with the pod's environment; only the port is this machine's."""
        port = self.ports[component]
        told = {
            **await self.environment(component), "SLIPWAY_HTTP_PORT": str(port),
            "PATH": "/usr/bin:/bin", "HOME": str(self.state), "PYTHONUNBUFFERED": "1", **more,
        }  # fmt: skip
        pod = spawn(
            self.state, f"pod-{component}", [sys.executable, "-m", f"slipway_{component}"], env=told,
            address=f"127.0.0.1:{port}",
        )  # fmt: skip
        self._pods.append(pod)
        await wait_healthy(pod, port, timeout=120)

    async def account_kubeconfig(self, account: str) -> Path:
        """Write a kubeconfig with a token of a ServiceAccount: the rights that its pods have."""
        token = (await self.types(f"kubectl -n {NAMESPACE} create token {account} --duration=1h")).strip()
        authority, path = self.state / "cluster" / "ca.crt", self.state / f"{account}.kubeconfig"
        return write_kubeconfig(path, ca=authority, url=self.cluster.server, user=account, token=token)

    async def stop_in_time(self) -> None:
        """Ask each process to end as the kubelet does; each must end by itself in the time that its pod has for it."""
        for pod in self._pods:
            component = pod.name.removeprefix("pod-")
            spec = (await self.kubectl("get", "deployment", f"{RELEASE}-{component}"))["spec"]["template"]["spec"]
            pause = spec["containers"][0].get("lifecycle", {}).get("preStop", {}).get("sleep", {}).get("seconds", 0)
            os.kill(pod.pid, signal.SIGTERM)
            within = spec["terminationGracePeriodSeconds"] - pause
            until = asyncio.get_running_loop().time() + within
            while pod.alive and asyncio.get_running_loop().time() < until:
                await asyncio.sleep(READY_POLL_SEC)
            assert not pod.alive, f"{component} did not end within {within} s"

    async def stop_pods(self) -> None:
        await asyncio.gather(*(stop(self.state, pod) for pod in self._pods))
        self._pods.clear()


async def start_nats(state: Path, port: int) -> Server:
    """Start what the README's line asks for: one user for all services, and no authority of its own to be told of."""
    config, address = state / "nats.conf", f"127.0.0.1:{port}"
    config.write_text(
        json.dumps(
            {
                "listen": address, "max_payload": MAX_PAYLOAD,
                "jetstream": {"store_dir": str(state / "nats"), "max_file_store": 8 << 30, "max_memory_store": 64 << 20},
                "authorization": {"user": "slipway", "password": "nats"},
            }
        )
    )  # fmt: skip
    program = Path(sys.executable).parent / "nats-server"
    server = spawn(state, "nats", [program, "-c", config], address=address)

    async def ready() -> bool:
        return await answers_tcp("127.0.0.1", port)

    await wait_ready(server, ready)
    return server
