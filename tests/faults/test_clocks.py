"""Processes whose time of day is wrong: no time crosses from one to another, and none decides by it."""

from pathlib import Path

import pytest

from tests.faults.system import System

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(600)]
WRONG_CLOCK = """
import os, pathlib, time

told, told_ns, looks = time.time, time.time_ns, 0

def off_sec():
    global looks
    if not looks:
        pathlib.Path(__file__).with_name(f"looked-{os.getpid()}").touch()
    looks += 1
    return float(os.environ["TEST_CLOCK_OFF_SEC"]) - looks * float(os.environ["TEST_CLOCK_BACK_SEC"])

time.time = lambda: told() + off_sec()
time.time_ns = lambda: told_ns() + int(off_sec() * 1e9)
"""
"""Python runs a module of the name `sitecustomize` at its start. Each look is earlier than the last one."""
CLOCKS = {"scheduler-1": (600, 0), "scheduler-2": (-600, 0), "executor-1": (600, 2), "executor-2": (-600, 2)}
"""By how many seconds a service's clock is off, and goes back at each look."""


async def test_clocks_ten_minutes_off_that_go_backwards(system: System, tmp_path: Path):
    """Row 30: nobody is taken for dead, each change runs once, and all of them end."""
    (tmp_path / "sitecustomize.py").write_text(WRONG_CLOCK)
    for name, (off, back) in CLOCKS.items():
        wrong = {"TEST_CLOCK_OFF_SEC": str(off), "TEST_CLOCK_BACK_SEC": str(back)}
        await system.restart(name, {"PYTHONPATH": str(tmp_path), **wrong})
    some = [await system.deploy() for _ in range(4)]
    for each in some:
        await system.ready(each)
        await system.change(each, user_values={"replicas": 2})
    for each in some:
        await system.ready(each, generation=2)
    looked = {path.name for path in tmp_path.glob("looked-*")}
    assert {f"looked-{system.stack.services[name].pid}" for name in CLOCKS} <= looked, "the wrong clock was theirs"
    ids = [each["id"] for each in some]
    jobs = await system.rows(
        "SELECT status, attempt, lost FROM deployment_reconcile_job WHERE deployment_id = ANY($1::text[]::uuid[])", ids
    )
    assert [(job["status"], job["attempt"], job["lost"]) for job in jobs] == [("succeeded", 0, 0)] * 2 * len(some)
