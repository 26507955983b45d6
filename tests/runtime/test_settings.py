"""Settings come from the environment, and every mistake is told at once without telling a value."""

from pathlib import Path

import pytest

from slipway.settings import MASK, Settings, SettingsError, effective, load, masked, unknown


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


def test_the_file_is_under_the_environment_and_its_keys_are_the_variables_names(tmp_path: Path):
    file = tmp_path / "slipway.toml"
    file.write_text('DATABASE_URL = "postgresql://file"\nSLIPWAY_SLOTS = 3\nSLIPWAY_REGISTRIES = ["a", "b"]\n')
    environ = {"SLIPWAY_CONFIG_FILE": str(file), "SLIPWAY_SLOTS": "7"}
    assert load(Sample, environ) == Sample(database_url="postgresql://file", slots=7, registries=("a", "b"))
    sources = {each.variable: each.source for each in effective(Sample, environ)}
    assert sources == {"DATABASE_URL": "file", "SLIPWAY_SLOTS": "environment", "SLIPWAY_REGISTRIES": "file"}


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (None, "SLIPWAY_CONFIG_FILE cannot be read: No such file"),
        ('SLIPWAY_SLOTS = "s3cret', "SLIPWAY_CONFIG_FILE is not TOML: see "),
        ('SLIPWAY_SLOTS = "s3cret"', "SLIPWAY_SLOTS is not valid"),
        ("SLIPWAY_REGISTRIES = [1]", "SLIPWAY_REGISTRIES is not valid"),
    ],
)
def test_mistakes_of_the_file_are_told_with_those_of_the_environment(tmp_path: Path, content: str | None, said: str):
    file = tmp_path / "slipway.toml"
    if content is not None:
        file.write_text(content)
    with pytest.raises(SettingsError) as caught:
        load(Sample, {"SLIPWAY_CONFIG_FILE": str(file)})
    assert said in str(caught.value)
    assert "DATABASE_URL is not set" in str(caught.value)
    assert "s3cret" not in str(caught.value)


def test_what_no_setting_is_called_is_warned_of_with_what_may_be_meant(tmp_path: Path):
    file = tmp_path / "slipway.toml"
    file.write_text("SLIPWAY_REGISTRY_LIST = []\nother = 1\n")
    environ = {
        "SLIPWAY_SLOT": "7", "SLIPWAY_CONFIG_FILE": str(file), "SLIPWAY_API_URL": "http://x", "HOME": "/",
        "SLIPWAY_API_PORT_8080_TCP": "tcp://10.0.0.1:8080",
    }  # fmt: skip
    said = list(unknown(Sample, environ))
    assert [sentence.split()[0] for sentence in said] == ["SLIPWAY_SLOT", "SLIPWAY_REGISTRY_LIST", "other"]
    assert "is SLIPWAY_SLOTS meant?" in said[0]


@pytest.mark.parametrize(
    ("name", "value", "shown"),
    [
        ("JWT_SECRET_KEY", "abc", MASK),
        ("JWT_PREVIOUS_KEY", "", ""),
        ("SLIPWAY_ADMIN_PASSWORD", "abc", MASK),
        ("DATABASE_URL", "postgresql://me:abc@db/x", f"postgresql://me:{MASK}@db/x"),
        ("DATABASE_URL", "postgresql://me@db/x", "postgresql://me@db/x"),
        ("NATS_URL", "nats://a:abc@one,nats://a:abc@two", f"nats://a:{MASK}@one,nats://a:{MASK}@two"),
        ("SLIPWAY_REGISTRIES", ("https://u:abc@r",), f"https://u:{MASK}@r"),
        ("SLIPWAY_TOKEN_MINUTES", 60, "60"),
    ],
)
def test_secrets_are_never_shown(name: str, value: object, shown: str):
    assert masked(name, value) == shown
