"""Background work's share of what is leased while changes wait."""

import pytest

from slipway.domain.jobs import BACKGROUND_EVERY, JobReason, background_share, passed_after

UPDATE, DRIFT = JobReason.UPDATE, JobReason.DRIFT


@pytest.mark.parametrize("room", [1, 2, 15, 16, 100, 200])
@pytest.mark.parametrize("held_back", [0, 1])
def test_one_in_sixteen_whatever_the_room(room: int, held_back: int):
    """Also when a pass leaves room free, as a user may not take all of it."""
    passed = background = total = 0
    for _ in range(1000):
        share = background_share(passed, room)
        others = max(1, room - held_back) - share
        passed = passed_after(passed, share, share, [UPDATE] * others)
        background, total = background + share, total + share + others
        assert 0 <= total - BACKGROUND_EVERY * background < BACKGROUND_EVERY + 2 * room
    assert background == pytest.approx(total / BACKGROUND_EVERY, abs=2 + 2 * room / BACKGROUND_EVERY)


@pytest.mark.parametrize(
    ("passed", "share", "taken", "others", "after"),
    [
        (12, 0, 0, [UPDATE] * 4, 16),
        (30, 1, 1, [UPDATE] * 3, 18),
        (16, 1, 1, [], 1),
        (12, 0, 0, [UPDATE, DRIFT], 0),
        (30, 1, 1, [DRIFT], 0),
        (30, 1, 0, [], 0),
        (500, 7, 0, [UPDATE] * 100, BACKGROUND_EVERY),
        (500, 7, 3, [UPDATE] * 97, BACKGROUND_EVERY),
    ],
)
def test_what_counts_for_its_next_turn(passed: int, share: int, taken: int, others: list[str], after: int):
    assert passed_after(passed, share, taken, others) == after
