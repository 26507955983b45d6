"""`python -m tests.chaos --seed N --runs M --operations 500 --deployments 30`: random changes while services are killed.

The seed decides what is asked, and who dies between which requests; how processes interleave is the machine's.
"""

import argparse
import asyncio
import secrets
import shutil
import sys

from slipway.client.http import SlipwayClient
from slipway.dev import env, samples
from slipway.dev.stack import Plan, Stack, start
from tests.chaos.run import logs, run
from tests.faults.system import LIMITS, sign_in
from tests.support import servers


def main() -> int:
    """Return 0 when every invariant held in every run."""
    parser = argparse.ArgumentParser(prog="python -m tests.chaos", description=__doc__)
    parser.add_argument("--seed", type=int, default=None, help="of the first run; the next ones count on from it")
    parser.add_argument("--runs", type=int, default=1)
    parser.add_argument("--operations", type=int, default=500)
    parser.add_argument("--deployments", type=int, default=30, help="at a time")
    asked = parser.parse_args()
    seed = secrets.randbelow(2**31) if asked.seed is None else asked.seed
    return asyncio.run(_runs(seed, asked.runs, asked.operations, asked.deployments))


async def _runs(seed: int, runs: int, operations: int, deployments: int) -> int:
    print(f"chaos: seed {seed}, {runs} run(s) of {operations} operations on {deployments} deployments", flush=True)
    state = servers.state_folder()
    stack = await start(Plan(state=state, executors=2, schedulers=2, extra=LIMITS))
    try:
        env.write(stack)
        token = await sign_in(stack)
        async with SlipwayClient(stack.api_url, token=token) as client:
            await samples.ensure(stack, client)
        for each in range(seed, seed + runs):
            if not await _held(stack, token, each, operations, deployments):
                return 1
    finally:
        await stack.down()
    shutil.rmtree(state, ignore_errors=True)
    return 0


async def _held(stack: Stack, token: str, seed: int, operations: int, deployments: int) -> bool:
    print(f"chaos: run with seed {seed}", flush=True)
    try:
        told = await run(stack, token, seed, operations=operations, deployments=deployments)
    except AssertionError as error:
        print(f"chaos: seed {seed} FAILED; logs are in {logs(stack)}\n{error}", flush=True)
        return False
    except BaseException:
        print(f"chaos: seed {seed} BROKE; logs are in {logs(stack)}", flush=True)
        raise
    print(
        f"chaos: seed {seed} held: " + ", ".join(f"{what} {count}" for what, count in sorted(told.items())), flush=True
    )
    return True


if __name__ == "__main__":
    sys.exit(main())
