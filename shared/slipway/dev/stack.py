"""The whole system on embedded servers: what is started, in which order, with which settings; and stopped again."""

import asyncio
import os
import sys
from collections.abc import Awaitable, Callable, Mapping
from pathlib import Path
from typing import TypeVar
from urllib.parse import urlsplit

import msgspec

from slipway.database import logins
from slipway.database.dsn import connect
from slipway.database.migrations import upgrade
from slipway.dev import remembered
from slipway.dev.build import Binaries, ensure_binaries, ensure_real_node
from slipway.dev.cluster import Cluster, start_cluster, stop_cluster
from slipway.dev.external import External, with_login
from slipway.dev.nats import OPERATOR, Nats, start_nats, stop_nats
from slipway.dev.postgres import Postgres, start_postgres, stop_postgres
from slipway.dev.process import Server, ServerError, is_running, recorded, spawn, stop, stop_leftovers
from slipway.dev.readiness import wait_healthy
from slipway.dev.realnode import ground as grounds
from slipway.dev.realnode.node import RealNode, start_node, stop_node
from slipway.dev.realnode.packages import ensure_packages
from slipway.dev.registry import Registry, start_registry, stop_registry
from slipway.messaging.permissions import executor_user

DATABASE = "slipway"
CLUSTER = "local"
ADMIN_EMAIL = "admin@slipway.localhost"
Started = TypeVar("Started")


class Plan(msgspec.Struct, frozen=True, kw_only=True):
    """What to start."""

    state: Path
    schedulers: int = 1
    executors: int = 1
    fsync: bool = True
    real_node: bool = False
    """Run pods on this machine, beside the simulated node."""
    external: External = External()
    """Servers of the user's own; they are used, never stopped."""
    extra: Mapping[str, str] = {}
    """Further environment of the three services, for tests."""
    api: Mapping[str, str] = {}
    """Further environment of the API alone: nobody else holds a model's key."""


class Stack:
    """A running system. `services` are those that can be killed and started again one by one."""

    def __init__(
        self,
        plan: Plan,
        binaries: Binaries,
        registry: Registry,
        *,
        postgres: Postgres | None,
        nats: Nats | None,
        cluster: Cluster | None,
        node: RealNode | None = None,
    ) -> None:
        self.plan = plan
        self.binaries = binaries
        self.postgres = postgres
        self.nats = nats
        self.cluster = cluster
        self.node = node
        self.registry = registry
        self.services: dict[str, Server] = {}

    @property
    def state(self) -> Path:
        return self.plan.state

    @property
    def api_url(self) -> str:
        return f"http://127.0.0.1:{remembered.port(self.state, 'api')}"

    @property
    def admin_password(self) -> str:
        external = self.plan.external
        return (external.database_url and external.admin_password) or remembered.secret(self.state, "admin")

    @property
    def database_url(self) -> str:
        """The URL of the login that may do everything."""
        if self.postgres:
            return self.postgres.dsn(DATABASE)
        return self.plan.external.database_url.replace("postgresql+asyncpg:", "postgresql:", 1)

    @property
    def nats_url(self) -> str:
        """The URL of the user that may do everything."""
        return self.nats_url_of(OPERATOR)

    @property
    def nats_ca(self) -> str:
        return str(self.nats.ca) if self.nats else self.plan.external.nats_ca

    def nats_url_of(self, user: str) -> str:
        """Return the URL of one of the users of `slipway.messaging.permissions`; a foreign server has one for all."""
        return self.nats.url_of(user) if self.nats else self.plan.external.nats_url

    @property
    def kubeconfig(self) -> str:
        return str(self.cluster.kubeconfig) if self.cluster else self.plan.external.kubeconfig

    @property
    def _executors_kubeconfig(self) -> str:
        """With the rights of the platform's chart; in a foreign cluster those of its user."""
        return str(self.cluster.executor_kubeconfig) if self.cluster else self.plan.external.kubeconfig

    def dsn(self, service: str) -> str:
        """Return the DSN of a service's own login."""
        password = remembered.secret(self.state, f"database-{service}")
        return with_login(self.database_url, self.login(service), password)

    def login(self, service: str) -> str:
        """Return the name of a service's login: of a foreign server's database, one of its own."""
        return logins.login_of(service, urlsplit(self.database_url).path.strip("/") or DATABASE)

    async def start_service(self, name: str, extra: Mapping[str, str] | None = None) -> Server:
        """Start `api`, `scheduler-1`, `executor-2`, ... with some more environment, and wait until it is ready."""
        kind = name.partition("-")[0]
        port = remembered.port(self.state, name)
        own = {"SLIPWAY_HTTP_PORT": str(port), **self.plan.extra, **(extra or {})}
        environment = {**_base_environment(), **self._settings(kind), **own}
        argv = [sys.executable, "-m", f"slipway_{kind}"]
        server = spawn(self.state, name, argv, env=environment, address=f"127.0.0.1:{port}")
        self.services[name] = server
        await wait_healthy(server, port)
        return server

    async def stop_service(self, name: str, *, within_sec: float = 40.0) -> None:
        """Ask one service to stop, and kill it after `within_sec`."""
        await stop(self.state, self.services.pop(name), timeout=within_sec)

    async def run_once(self, module: str, *arguments: str) -> str:
        """Run one of the API's commands with the API's settings, and return what it prints."""
        child = await asyncio.create_subprocess_exec(
            sys.executable, "-m", module, *arguments, env={**_base_environment(), **self._settings("api")},
            stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE,
        )  # fmt: skip
        printed, said = await child.communicate()
        if child.returncode:
            raise ServerError(f"{module} did not work: {said.decode(errors='replace')[-500:]}")
        return printed.decode().strip()

    async def restart_nats(self, *, wipe: bool) -> None:
        """Stop NATS and start it again on the same port, with or without its data."""
        if self.nats is None:
            raise ServerError("this NATS is not ours to restart")
        await stop_nats(self.state, self.nats)
        self.nats = await start_nats(self.state, wipe=wipe)

    async def down(self) -> None:
        """Stop everything: services first, then what they stand on."""
        await asyncio.gather(*(self.stop_service(name) for name in list(self.services)))
        stopping = [stop_registry(self.state, self.registry)]
        if self.nats:
            stopping.append(stop_nats(self.state, self.nats))
        if self.cluster:
            stopping.append(stop_cluster(self.state, self.cluster))
        if self.postgres:
            stopping.append(stop_postgres(self.state, self.postgres))
        await asyncio.gather(*stopping)
        if self.node:
            await stop_node(self.state, self.node)

    def ended_services(self) -> list[str]:
        return [name for name, server in self.services.items() if not is_running(server)]

    def _settings(self, kind: str) -> dict[str, str]:
        """Return what one kind of service is told: nothing that is another's."""
        registries = f"http://{self.registry.host}"
        user = executor_user(CLUSTER) if kind == "executor" else kind
        common = {"NATS_URL": self.nats_url_of(user), "NATS_CA": self.nats_ca, "SLIPWAY_REGISTRIES": registries}
        match kind:
            case "api":
                key = remembered.secret(self.state, "jwt") + remembered.secret(self.state, "jwt-more")
                return {
                    **common, "DATABASE_URL": self.dsn("api"), "JWT_SECRET_KEY": key,
                    "SLIPWAY_ADMIN_EMAIL": ADMIN_EMAIL, "SLIPWAY_ADMIN_PASSWORD": self.admin_password, **self.plan.api,
                }  # fmt: skip
            case "scheduler":
                return {**common, "DATABASE_URL": self.dsn("scheduler")}
            case _:
                return {
                    **common, "KUBECONFIG": self._executors_kubeconfig, "SLIPWAY_HELM": str(self.binaries.helm),
                    "SLIPWAY_HELM_ENGINE": str(self.binaries.helm_engine),
                    "SLIPWAY_CACHE_DIR": str(self.state / "cache"),
                }  # fmt: skip


async def start(plan: Plan, say: Callable[[str], None] = print) -> Stack:
    """Start everything, ending first what an earlier run that was killed left behind."""
    plan.state.mkdir(parents=True, exist_ok=True)
    if plan.real_node and plan.external.kubeconfig:
        raise ServerError("--node real is a node of the embedded cluster, and --external with KUBECONFIG uses yours")
    if leftovers := await stop_left(plan.state):
        say(
            f"ended {len(leftovers)} processes that an earlier run had left: {', '.join(each.name for each in leftovers)}"
        )
    binaries = await ensure_binaries(say)
    link_tools(plan.state, binaries)
    ground = await _ground_of(plan, say)
    postgres, nats, cluster, registry = await asyncio.gather(
        _unless(plan.external.database_url, lambda: start_postgres(plan.state, fsync=plan.fsync)),
        _unless(plan.external.nats_url, lambda: start_nats(plan.state)),
        _unless(plan.external.kubeconfig, lambda: start_cluster(plan.state, binaries, ground)),
        start_registry(plan.state, binaries, ground.host if ground else "127.0.0.1"),
    )
    node = None
    if ground and cluster:
        programs = await ensure_real_node(say)
        node = await start_node(plan.state, ground, programs, cluster=cluster, registry=registry)
    stack = Stack(plan, binaries, registry, postgres=postgres, nats=nats, cluster=cluster, node=node)
    await _prepare_database(stack)
    await stack.start_service("scheduler-1")
    names = [
        "api",
        *(f"scheduler-{n + 2}" for n in range(plan.schedulers - 1)),
        *(f"executor-{n + 1}" for n in range(plan.executors)),
    ]
    await asyncio.gather(*(stack.start_service(name) for name in names))
    return stack


async def stop_left(state: Path) -> list[Server]:
    """End what runs under a state folder, and take away what a real node had; return the processes that were alive."""
    alive = [server for server in recorded(state) if server.alive]
    await grounds.cut(state)
    await stop_leftovers(state)
    await grounds.clear(state)
    return alive


async def _ground_of(plan: Plan, say: Callable[[str], None]) -> grounds.Ground | None:
    """Make ready what a real node stands on, where one is asked for: packages, programs, namespaces."""
    if not plan.real_node:
        return None
    await ensure_packages(say)
    await ensure_real_node(say)
    return await grounds.open_ground(plan.state)


async def _unless(external: str, start_own: Callable[[], Awaitable[Started]]) -> Started | None:
    return None if external else await start_own()


def link_tools(state: Path, binaries: Binaries) -> None:
    """Leave the pinned helm and kubectl in `<state>/bin`."""
    folder = state / "bin"
    folder.mkdir(parents=True, exist_ok=True)
    for program in (binaries.helm, binaries.kubectl):
        link = folder / program.name
        link.unlink(missing_ok=True)
        link.symlink_to(program)


async def _prepare_database(stack: Stack) -> None:
    """Create the database, its schema, the services' logins and the first admin; each once."""
    server = await connect(stack.postgres.dsn() if stack.postgres else stack.database_url)
    try:
        known = "SELECT 1 FROM pg_database WHERE datname = $1"
        if stack.postgres and not await server.fetchval(known, DATABASE):
            await server.execute(f"CREATE DATABASE {DATABASE}")
        await asyncio.to_thread(upgrade, stack.database_url)
        for service in logins.SERVICES:
            password = remembered.secret(stack.state, f"database-{service}")
            await logins.ensure(server, service, password, login=stack.login(service))
    except logins.LoginRefused as error:
        raise ServerError(str(error)) from None
    finally:
        await server.close()
    await stack.run_once("slipway_api.bootstrap")


def _base_environment() -> dict[str, str]:
    """Return what every service may see of our own environment."""
    kept = {
        name: os.environ[name] for name in ("PATH", "HOME", "LANG", "TMPDIR", "XDG_CACHE_HOME") if name in os.environ
    }
    return {**kept, "PYTHONUNBUFFERED": "1"}
