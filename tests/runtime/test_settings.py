"""Settings come from the environment, and every mistake is told at once without telling a value."""

import pytest

from slipway.settings import Settings, SettingsError, load


class Sample(Settings, frozen=True, kw_only=True):
    database_url: str
    slots: int = 4
    registries: tuple[str, ...] = ()


def test_well_known_names_have_no_prefix_and_lists_are_comma_separated():
    environ = {"DATABASE_URL": "postgresql://db", "SLIPWAY_SLOTS": "7", "SLIPWAY_REGISTRIES": "a, b,"}
    assert load(Sample, environ) == Sample(database_url="postgresql://db", slots=7, registries=("a", "b"))


def test_an_empty_variable_counts_as_unset():
    assert load(Sample, {"DATABASE_URL": "x", "SLIPWAY_SLOTS": ""}).slots == 4


def test_all_mistakes_are_reported_at_once_by_variable_and_without_values():
    with pytest.raises(SettingsError) as caught:
        load(Sample, {"SLIPWAY_SLOTS": "s3cret"})
    assert "DATABASE_URL is not set" in str(caught.value)
    assert "SLIPWAY_SLOTS is not valid" in str(caught.value)
    assert "s3cret" not in str(caught.value)
