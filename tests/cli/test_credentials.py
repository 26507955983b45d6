"""Tokens on disk: for their user alone, one for each server, and the environment wins."""

import stat
from pathlib import Path

import pytest

from slipway.cli import credentials
from slipway.cli.credentials import Server
from slipway.cli.exits import Exit, Stop


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return credentials.path({"XDG_CONFIG_HOME": str(tmp_path / "config")})


def test_nobody_else_can_read_them(file: Path):
    credentials.remember(file, "http://one", Server(email="a@example.org", token="first"))
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert stat.S_IMODE(file.parent.stat().st_mode) == 0o700


def test_each_server_has_its_own_and_the_last_one_is_meant(file: Path):
    for url, token in (("http://one", "first"), ("http://two", "second")):
        credentials.remember(file, url, Server(email="a@example.org", token=token))
    known = credentials.read(file)
    assert credentials.server_url({}, known) == "http://two"
    assert credentials.token({}, known, "http://one") == "first"
    assert credentials.forget(file, "http://two")
    assert credentials.server_url({}, credentials.read(file)) == "http://one"
    assert not credentials.forget(file, "http://two")


def test_the_environment_wins(file: Path):
    credentials.remember(file, "http://one", Server(email="a@example.org", token="first"))
    known = credentials.read(file)
    assert credentials.server_url({"SLIPWAY_API_URL": "http://two/"}, known) == "http://two"
    assert credentials.token({"SLIPWAY_TOKEN": "mine"}, known, "http://one") == "mine"


def test_a_token_of_the_environment_is_taken_without_the_line_break_of_its_file(file: Path):
    credentials.remember(file, "http://one", Server(email="a@example.org", token="first"))
    known = credentials.read(file)
    assert credentials.token({"SLIPWAY_TOKEN": "mine\r\n"}, known, "http://one") == "mine"
    assert credentials.token({"SLIPWAY_TOKEN": "\n"}, known, "http://one") == "first"


def test_what_is_missing_or_damaged_says_what_to_do(file: Path):
    with pytest.raises(Stop, match="slipway login URL"):
        credentials.server_url({}, credentials.read(file))
    with pytest.raises(Stop, match="slipway login") as caught:
        credentials.token({}, credentials.read(file), "http://one")
    assert caught.value.code == Exit.NOT_ALLOWED
    file.parent.mkdir(parents=True)
    file.write_text("{")
    with pytest.raises(Stop, match="damaged"):
        credentials.read(file)
