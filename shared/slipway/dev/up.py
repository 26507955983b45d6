"""`slipway dev up`: start everything, deploy a sample over HTTP, show it become ready, stay until Ctrl-C."""

import asyncio
import contextlib
import time
from http import HTTPStatus
from typing import Any

from rich.console import Console
from rich.live import Live
from rich.table import Table

from slipway.client.http import Refused, SlipwayClient
from slipway.dev import env, samples
from slipway.dev.process import ServerError, tail
from slipway.dev.stack import ADMIN_EMAIL, Plan, Stack, start
from slipway.identity import new_id

READY_WITHIN_SEC = 120.0
LOOK_SEC = 0.1
RESTARTS = 5
FINAL = frozenset({"ready", "error"})

STAGES = (
    ("request to lease", "request_to_lease"),
    ("lease to claim", "lease_to_claim"),
    ("Lease in the cluster", "lease"),
    ("Helm", "helm"),
    ("objects become ready", "watch"),
)


async def start_and_seed(plan: Plan, console: Console) -> Stack:
    """Start the system, write `.slipway/env`, make the sample products."""
    began = time.monotonic()
    stack = await start(plan, console.print)
    env.write(stack)
    async with SlipwayClient(stack.api_url) as client:
        await _first_login(client, stack)
        await samples.ensure(stack, client)
    console.print(f"everything runs after {time.monotonic() - began:.1f} s")
    return stack


async def _first_login(client: SlipwayClient, stack: Stack) -> None:
    try:
        await client.login(ADMIN_EMAIL, stack.admin_password)
    except Refused as error:
        if error.status != HTTPStatus.UNAUTHORIZED:
            raise
        reason = f"the database has {ADMIN_EMAIL} already, with another password: set SLIPWAY_ADMIN_PASSWORD to it"
        raise ServerError(reason) from error


async def deploy_sample(stack: Stack, console: Console) -> None:
    """Ask for one deployment of the sample product and show it until it is ready."""
    async with SlipwayClient(stack.api_url) as client:
        await client.login(ADMIN_EMAIL, stack.admin_password)
        products = (await client.products())["items"]
        product = next(each for each in products if each["name"] == samples.hello(stack))
        began = time.monotonic()
        body = {"product_id": product["id"], "domain_name": f"hello-{new_id().hex[-8:]}.example.org"}
        asked = await client.post("/deployments", body)
        console.print(f"POST {stack.api_url}/api/v1/deployments {body} -> 202", soft_wrap=True)
        shown = await _show(client, asked, began, console)
        if shown["status"] != "ready":
            raise ServerError(f"the sample did not become ready: {shown['last_error'] or shown['status']}")
        await _breakdown(client, shown, console)


async def _show(client: SlipwayClient, deployment: dict[str, Any], began: float, console: Console) -> dict[str, Any]:
    """Look until the deployment is settled: a live table, or a line for each new status where there is no terminal."""
    last = ""
    with Live(console=console, refresh_per_second=8) if console.is_terminal else contextlib.nullcontext() as live:
        while True:
            seconds = time.monotonic() - began
            if live:
                live.update(_table(deployment, seconds))
            elif deployment["status"] != last:
                named = (deployment["domain_name"], deployment["namespace_name"], deployment["status"])
                console.print(*named, f"{seconds:.1f} s", soft_wrap=True, highlight=False)
            last = deployment["status"]
            if last in FINAL or seconds > READY_WITHIN_SEC:
                return deployment
            await asyncio.sleep(LOOK_SEC)
            deployment = await client.get(f"/deployments/{deployment['id']}")


def _table(deployment: dict[str, Any], seconds: float) -> Table:
    table = Table("deployment", "namespace", "status", "seconds")
    table.add_row(deployment["domain_name"], deployment["namespace_name"], deployment["status"], f"{seconds:.1f}")
    return table


async def _breakdown(client: SlipwayClient, deployment: dict[str, Any], console: Console) -> None:
    events = (await client.get(f"/deployments/{deployment['id']}/events?limit=200"))["items"]
    timings = next(event["data"]["timings_ms"] for event in events if event["type"].endswith("deployment.ready.v1"))
    table = Table("from POST to ready", "ms")
    for label, key in STAGES:
        if key in timings:
            table.add_row(label, f"{timings[key]:.0f}")
    if "executor" in timings and "claim_to_end" in timings:
        table.add_row("report to projection", f"{timings['claim_to_end'] - timings['executor']:.0f}")
    beside = timings["total"] - timings.get("helm", 0) - timings.get("watch", 0)
    table.add_row("all beside Helm and the objects", f"{beside:.0f}")
    table.add_row("total", f"{timings['total']:.0f}")
    console.print(table)


def print_next(stack: Stack, console: Console, link: str) -> None:
    """Say what to try. `link` opens the web console, signed in."""
    state = stack.state
    simulated = "the node is simulated: objects are real, no container runs"
    real = f"pods run on this machine; a NodePort answers at {stack.node.ground.node}" if stack.node else simulated
    cluster = f"{stack.cluster.server}   {real}" if stack.cluster else f"yours, by {stack.kubeconfig}"
    console.print(
        f"\nconsole  {link}\n"
        f"         the link signs you in, once, within a minute; later: {stack.api_url} as {ADMIN_EMAIL},\n"
        f"         whose password is SLIPWAY_ADMIN_PASSWORD in {state}/env\n"
        f"API      {stack.api_url}/api/v1   (OpenAPI: {stack.api_url}/api/v1/openapi.json)\n"
        f"cluster  {cluster}\n"
        f"registry {stack.registry.host}\n"
        f"model    {stack.plan.api.get('SLIPWAY_ASSISTANT_MODEL') or 'none: SLIPWAY_ASSISTANT_MODEL names one'}\n\n"
        f"In another terminal:\n"
        f"  source {state}/env; export PATH={state}/bin:$PWD/.venv/bin:$PATH\n"
        f'  slipway login --email "$SLIPWAY_ADMIN_EMAIL" --password-stdin <<< "$SLIPWAY_ADMIN_PASSWORD"\n'
        f"  slipway products; slipway list\n"
        f"  helm list -A\n"
        f"  kubectl get ns,deploy,pods -A\n"
        f"  slipway events tail\n"
        f"  slipway dev status\n",
        highlight=False,
        soft_wrap=True,
    )


async def watch_over(stack: Stack, stop: asyncio.Event, console: Console) -> None:
    """Start a service again that ended by itself, a few times, until `stop`."""
    restarts: dict[str, int] = {}
    while not stop.is_set():
        for name in stack.ended_services():
            restarts[name] = restarts.get(name, 0) + 1
            if restarts[name] > RESTARTS:
                raise ServerError(f"{name} ended {RESTARTS} times; its log ends with:\n{tail(stack.services[name])}")
            console.print(f"{name} ended by itself: started again")
            await stack.start_service(name)
        try:
            await asyncio.wait_for(stop.wait(), 1.0)
        except TimeoutError:
            continue
