"""A sign-in lasts longer than its access token, and scripts have tokens of their own."""

import msgspec
import pytest

from slipway.cli import credentials
from slipway.dev.stack import ADMIN_EMAIL, Stack
from slipway.identity import new_id
from tests.cli.terminal import Terminal

pytestmark = [pytest.mark.e2e, pytest.mark.filterwarnings("ignore:.*multi-threaded:DeprecationWarning")]


def sign_in(terminal: Terminal, stack: Stack) -> None:
    signed = terminal.pipe(
        "login", stack.api_url, "--email", ADMIN_EMAIL, "--password-stdin", given=f"{stack.admin_password}\n"
    )
    assert signed.returncode == 0, signed.stderr


def test_a_token_that_ended_is_renewed_and_sign_out_ends_it_for_good(nobody: Terminal, stack: Stack):
    sign_in(nobody, stack)
    file = credentials.path(nobody.environment)
    before = credentials.read(file).servers[stack.api_url]
    ended = msgspec.structs.replace(before, token="ended")
    credentials.remember(file, stack.api_url, ended)
    assert ADMIN_EMAIL in nobody.done("whoami")
    after = credentials.read(file).servers[stack.api_url]
    assert after.token not in ("ended", before.token)
    assert after.refresh_token != before.refresh_token
    assert nobody.pipe("logout").returncode == 0
    refused = nobody.pipe("whoami", SLIPWAY_TOKEN=after.token)
    assert (refused.returncode, "slipway login" in refused.stderr) == (3, True), refused


def test_a_password_is_changed_unseen(terminal: Terminal, nobody: Terminal, stack: Stack):
    email, old, new = f"u{new_id().hex[-8:]}@example.org", "a-long-password-1", "another-password-2"
    assert terminal.pipe("admin", "create-user", email, "--password-stdin", given=f"{old}\n").returncode == 0

    def signs_in(password: str) -> bool:
        asked = ("login", stack.api_url, "--email", email, "--password-stdin")
        return nobody.pipe(*asked, given=f"{password}\n").returncode == 0

    assert signs_in(old)
    typing = nobody.type("password")
    for question, answer in (("Present password: ", old), ("New password: ", new), ("New password again: ", new)):
        typing.expect(question)
        typing.sendline(answer)
    code, screen = nobody.end(typing)
    assert (code, "your password is changed" in screen, new in screen) == (0, True, False), screen
    assert (signs_in(old), signs_in(new)) == (False, True)


def test_a_script_uses_a_token_of_its_own_until_it_is_removed(nobody: Terminal, stack: Stack):
    sign_in(nobody, stack)
    made = nobody.pipe("tokens", "create", "nightly", "--read-only", "--expires", "30d")
    token = made.stdout.strip()
    assert (made.returncode, "not shown again" in made.stderr) == (0, True), made
    script = {"SLIPWAY_TOKEN": token}
    assert nobody.pipe("list", **script).returncode == 0
    assert nobody.pipe("deploy", "hello", "t.example.org", **script).returncode == 3
    assert "read only" in nobody.done("tokens")
    assert nobody.pipe("login", stack.api_url, "--token-stdin", given=f"{token}\n").returncode == 0
    assert ADMIN_EMAIL in nobody.done("whoami")
    sign_in(nobody, stack)
    assert nobody.pipe("tokens", "delete", "nightly").returncode == 0
    assert nobody.pipe("list", **script).returncode == 3
