"""Times as people say them."""

from datetime import UTC, datetime, timedelta

import pytest

from slipway.cli.exits import Stop
from slipway.cli.times import age, moment_of, seconds_of


@pytest.mark.parametrize(("text", "seconds"), [("30s", 30), ("15m", 900), ("2h", 7200), ("7d", 604_800)])
def test_a_span_is_a_number_and_a_letter(text: str, seconds: float):
    assert seconds_of(text, "--timeout") == seconds


@pytest.mark.parametrize("text", ["", "0s", "5", "m", "-1h", "1w", "soon"])
def test_all_else_is_refused_with_the_flag(text: str):
    with pytest.raises(Stop, match="--timeout"):
        seconds_of(text, "--timeout")
    with pytest.raises(Stop, match="--expires"):
        moment_of(text, "--expires")


@pytest.mark.parametrize("text", ["9999-12-31T23:59:59-05:00", "0001-01-01T00:00:00+05:00"])
def test_a_moment_outside_of_all_years_is_refused_with_the_flag(text: str):
    with pytest.raises(Stop, match="--expires"):
        moment_of(text, "--expires")
    with pytest.raises(Stop, match="--since"):
        moment_of("999999d", "--since", ago=True)


def test_a_moment_may_be_a_span_or_a_time():
    assert moment_of("2030-01-31T12:00:00Z", "--expires") == datetime(2030, 1, 31, 12, tzinfo=UTC)
    assert moment_of("2d", "--expires") > datetime.now(UTC) + timedelta(hours=47)
    assert moment_of("2d", "--since", ago=True) < datetime.now(UTC) - timedelta(hours=47)


@pytest.mark.parametrize(
    ("ago", "said"),
    [
        ({"seconds": 5}, "5s"),
        ({"seconds": 119}, "119s"),
        ({"minutes": 3}, "3m"),
        ({"hours": 5}, "5h"),
        ({"days": 9}, "9d"),
    ],
)
def test_an_age_is_rough(ago: dict[str, float], said: str):
    assert age(datetime.now(UTC) - timedelta(**ago, milliseconds=1)) == said
