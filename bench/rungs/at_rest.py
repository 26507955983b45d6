"""Rung h: memory of API, scheduler and executor at rest, each started anew for each run, on the embedded control plane."""

import asyncio

import msgspec

from bench import cpu
from bench.figures import Figure, Result, Say, in_turn
from bench.servers import folder
from slipway.dev.stack import Plan, Stack, start

RUNG = "h"
SERVICES = {"api": "api", "scheduler-1": "scheduler", "executor-1": "executor"}
AIM_MIB = 120.0


class Size(msgspec.Struct, frozen=True, kw_only=True):
    runs: int = 5
    rest_sec: float = 8.0
    """Between ready and the reading."""


TINY = Size(runs=1, rest_sec=0.0)


async def measure(size: Size, say: Say) -> Result:
    async with folder() as state:
        stack = await start(Plan(state=state), say)
        try:
            found = await in_turn(size.runs, {"started anew": lambda: _read(stack, size.rest_sec)}, say)
        finally:
            await stack.down()
    return Result(
        rung=RUNG,
        what=f"one process each, {size.rest_sec:g} s after it was ready, {size.runs} starts; resident memory, nothing shared "
        "taken off",
        figures=[
            Figure(name=name, unit="MiB", ours=[each[service] for each in found["started anew"]], aim=AIM_MIB)
            for service, name in SERVICES.items()
        ],
    )


async def _read(stack: Stack, rest_sec: float) -> dict[str, float]:
    """Start the services again, let them rest, and return their memory in MiB."""
    for name in SERVICES:
        if name in stack.services:
            await stack.stop_service(name)
    for name in ("scheduler-1", "api", "executor-1"):
        await stack.start_service(name)
    await asyncio.sleep(rest_sec)
    return {name: cpu.resident_mib(stack.services[name].pid) for name in SERVICES}
