"""What one reader has yet to take: in order, and none is lost to a wait that ends at that moment."""

import asyncio

import pytest

from slipway_api.mailbox import Mailbox


async def test_they_come_in_order_whether_awaited_or_not():
    box = Mailbox[int]()
    box.put(1)
    box.put(2)
    assert (await box.take(None), await box.take(None), len(box)) == (1, 2, 0)
    taking = asyncio.create_task(box.take(None))
    await asyncio.sleep(0)
    box.put(3)
    box.put(4)
    assert (await taking, len(box)) == (3, 1)


async def test_a_wait_that_ends_takes_nothing():
    box = Mailbox[int]()
    with pytest.raises(TimeoutError):
        await box.take(0)
    taking = asyncio.create_task(box.take(None))
    await asyncio.sleep(0)
    box.put(1)
    taking.cancel()
    with pytest.raises(asyncio.CancelledError):
        await taking
    assert await box.take(None) == 1
