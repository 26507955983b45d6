"""What each program takes: bounded, explained, and every mistake told at once, by the program as by `slipway config show`."""

import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Any, Literal, get_args, get_origin

import msgspec
import pytest

from slipway.dev.settings_reference import all_settings, meanings
from slipway.service_settings import ConsoleSettings
from slipway.settings import Effective, Network, Settings, SettingsError, effective, load, variables

ROOT = Path(__file__).resolve().parents[2]
SETTINGS = all_settings()
FREE = {
    "nats_ca", "kubeconfig", "helm", "helm_engine", "cache_dir", "builtin_charts", "console_dir",  # paths, or names of programs
    "oidc_client_id", "oidc_client_secret", "assistant_model", "assistant_api_key",  # others' words
    "api_database_password", "scheduler_database_password",
}  # fmt: skip
"""Text that may be anything: what the settings themselves can tell of it, `mistakes` does."""
RIGHT: dict[str, dict[str, str]] = {
    "api": {
        "DATABASE_URL": "postgresql://u:pw-hidden@h/x",
        "JWT_SECRET_KEY": "k" * 32,
        "SLIPWAY_OIDC_CLIENT_ID": "slipway",
        "SLIPWAY_OIDC_CLIENT_SECRET": "pw-hidden",
        "SLIPWAY_ADMIN_PASSWORD": "pw-hidden-pw-hidden",
    },
    "scheduler": {"DATABASE_URL": "postgresql://u@h/x", "NATS_URL": "nats://u:pw-hidden@h:4222"},
    "executor": {"NATS_URL": "tls://u:pw-hidden@h:4222"},
    "console": {},
    "prepare": {"DATABASE_URL": "postgresql://u@h/x"},
    "migrations": {"DATABASE_URL": "postgresql://u@h/x"},
    "logins": {"DATABASE_URL": "postgresql://u@h/x", "SLIPWAY_SCHEDULER_DATABASE_PASSWORD": "pw-hidden"},
}
WRONG: dict[str, dict[str, tuple[str, ...]]] = {
    "api": {
        "DATABASE_URL": ("mysql://u:pw-hidden@h/x", "postgresql://u:pw/hidden@h/x", "postgresql://h/x?sslrootcert=/nowhere"),
        "SLIPWAY_DATABASE_CONNECTIONS": ("1", "101", "many"),
        "NATS_URL": ("http://u:pw-hidden@h", "h:4222"),
        "NATS_CA": ("/nowhere",),
        "JWT_SECRET_KEY": ("pw-hidden",),
        "JWT_PREVIOUS_KEY": ("pw-hidden",),
        "SLIPWAY_HTTP_HOST": ("http://h", "a b"),
        "SLIPWAY_HTTP_PORT": ("0", "65536", "x"),
        "SLIPWAY_TRUSTED_PROXIES": ("10.0.0.0/33",),
        "SLIPWAY_TOKEN_MINUTES": ("-1", "0"),
        "SLIPWAY_SIGN_IN_DAYS": ("0",),
        "FRONTEND_URL": ("nope", "ftp://h"),
        "SLIPWAY_OIDC_ISSUER": ("http://sso.example.org", "http://localhost.example.org"),
        "SLIPWAY_OIDC_ADMIN_CLAIM": ("groups", "=x"),
        "SLIPWAY_REGISTRIES": ("charts.example.org,http://h/path", "a b", "user@h"),
        "SLIPWAY_RESERVED_DOMAINS": ("Example.org", "*.example.org"),
        "SLIPWAY_DOMAIN_WILDCARDS": ("apps.example.org",),
        "SLIPWAY_OTHER_DOMAINS": ("perhaps",),
        "SLIPWAY_WRITES_PER_SECOND": ("0", "1.5"),
        "SLIPWAY_PUBLIC_SCHEME": ("ftp",),
        "SLIPWAY_CONSOLE_DIR": ("/nowhere",),
        "SLIPWAY_ADMIN_EMAIL": ("nobody",),
        "SLIPWAY_ADMIN_PASSWORD": ("pw-hidden",),
        "SLIPWAY_ASSISTANT_BASE_URL": ("127.0.0.1:11434",),
        "SLIPWAY_ASSISTANT_STEPS": ("0",),
        "SLIPWAY_ASSISTANT_SECONDS": ("0",),
        "SLIPWAY_ASSISTANT_HISTORY_TOKENS": ("-1",),
        "SLIPWAY_ASSISTANT_ANSWER_TOKENS": ("0",),
        "SLIPWAY_DEPLOYMENTS_PER_USER": ("-3", "2147483648"),
        "SLIPWAY_FAILPOINTS": ("api.committed=explode", "api.commited=kill"),
    },
    "scheduler": {
        "SLIPWAY_DATABASE_CONNECTIONS": ("1", "101"),
        "SLIPWAY_SILENCE_SEC": ("0", "inf", "nan"),
        "SLIPWAY_DRIFT_SCAN_SEC": ("-1", "0"),
        "SLIPWAY_HTTP_PORT": ("70000",),
    },
    "executor": {
        "SLIPWAY_CLUSTER": ("x y", "a.b", "North", "-a", "c" * 64),
        "SLIPWAY_SLOTS": ("0", "-2"),
        "SLIPWAY_BEAT_SEC": ("0", "inf"),
        "SLIPWAY_LEASE_SEC": ("4.9",),
        "SLIPWAY_HELM": ("/nowhere/helm",),
        "SLIPWAY_HELM_ENGINE": ("/nowhere/x",),
        "SLIPWAY_HELM_REQUESTS_PER_SECOND": ("0",),
        "SLIPWAY_HELM_MEMORY_MIB": ("1", "63"),
        "SLIPWAY_BUILTIN_CHARTS": ("/nowhere",),
    },
    "console": {
        "SLIPWAY_HTTP_PORT": ("0", "65536", "080", "x"),
        "SLIPWAY_API_ADDRESS": ("api", "http://api:8080", "api:http", "a/b:1"),
        "SLIPWAY_BEHIND_PROXY": ("yes", "1", "True"),
    },
    "prepare": {
        "SLIPWAY_API_DATABASE_URL": ("mysql://u:pw-hidden@h/x", "postgresql://u:pw/hidden@h/x"),
        "SLIPWAY_SCHEDULER_DATABASE_URL": ("postgresql://u@h/x?sslkey=/nowhere",),
        "SLIPWAY_ADMIN_PASSWORD": ("pw-hidden",),
    },
    "migrations": {"DATABASE_URL": ("sqlite:///x",)},
    "logins": {"DATABASE_URL": ("sqlite:///x",)},
}  # fmt: skip


@pytest.mark.parametrize(
    ("name", "variable", "value"),
    [(name, variable, value) for name, each in WRONG.items() for variable, values in each.items() for value in values],
)  # fmt: skip
def test_a_wrong_value_is_refused_by_its_name_with_what_is_right_and_without_it(name: str, variable: str, value: str):
    [mistake] = [each.mistake for each in effective(SETTINGS[name], {**RIGHT[name], variable: value}) if each.mistake]
    assert re.match(rf"{variable} (is not valid: Expected |names a |must begin with )\S", mistake)
    assert "hidden" not in mistake


@pytest.mark.parametrize("name", SETTINGS)
def test_all_that_is_wrong_is_told_at_once(name: str):
    wrong = {variable: values[0] for variable, values in WRONG[name].items()}
    with pytest.raises(SettingsError) as caught:
        load(SETTINGS[name], {**RIGHT[name], **wrong})
    assert [variable for variable in wrong if f"{variable} " not in str(caught.value)] == []
    assert "hidden" not in str(caught.value)


@pytest.mark.parametrize(
    ("name", "environ", "mistakes"),
    [
        ("api", {"SLIPWAY_OIDC_ISSUER": "https://sso.example.org", "SLIPWAY_OIDC_CLIENT_ID": "", "SLIPWAY_OIDC_CLIENT_SECRET": ""},
         ["SLIPWAY_OIDC_CLIENT_ID is needed with SLIPWAY_OIDC_ISSUER", "SLIPWAY_OIDC_CLIENT_SECRET is needed with SLIPWAY_OIDC_ISSUER"]),
        ("api", {"SLIPWAY_OTHER_DOMAINS": "false"}, ["SLIPWAY_DOMAIN_WILDCARDS is needed where SLIPWAY_OTHER_DOMAINS is false"]),
        ("api", {"SLIPWAY_OTHER_DOMAINS": "false", "SLIPWAY_DOMAIN_WILDCARDS": "*.apps.example.org"}, []),
        ("api", {"SLIPWAY_ADMIN_EMAIL": "a@example.org", "SLIPWAY_ADMIN_PASSWORD": ""}, ["SLIPWAY_ADMIN_PASSWORD is needed with SLIPWAY_ADMIN_EMAIL"]),
        ("prepare", {"SLIPWAY_ADMIN_EMAIL": "a@example.org"}, ["SLIPWAY_ADMIN_PASSWORD is needed with SLIPWAY_ADMIN_EMAIL"]),
        ("logins", {"SLIPWAY_SCHEDULER_DATABASE_PASSWORD": ""},
         ["SLIPWAY_API_DATABASE_PASSWORD is needed, or SLIPWAY_SCHEDULER_DATABASE_PASSWORD"]),
        ("logins", {"SLIPWAY_SCHEDULER_DATABASE_PASSWORD": "", "SLIPWAY_API_DATABASE_PASSWORD": "p"}, []),
    ],
)  # fmt: skip
def test_what_depends_on_several_settings_is_told_as_one_of_theirs(
    name: str, environ: dict[str, str], mistakes: list[str]
):
    found = effective(SETTINGS[name], {**RIGHT[name], **environ})
    assert [each.mistake for each in found if each.mistake] == mistakes


EXECUTOR = {
    "PATH": "/usr/bin:/bin", "NATS_URL": "http://u:pw-hidden@h", "SLIPWAY_SLOTS": "0", "SLIPWAY_HTTP_PORT": "99999",
    "SLIPWAY_CLUSTER": "a.b c", "SLIPWAY_HELM_ENGINE": "/nowhere/x", "SLIPWAY_HELM_MEMORY_MIB": "1",
    "SLIPWAY_FAILPOINTS": "nothing=kill",
}  # fmt: skip


def ran(*arguments: str, environ: dict[str, str]) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, *arguments], env=environ, capture_output=True, text=True, timeout=120, check=False
    )


def shown(*arguments: str, environ: dict[str, str], before: str = "pass") -> subprocess.CompletedProcess[str]:
    """Run `slipway config show`."""
    program = f"import sys; {before}; from slipway.cli.main import main; main()"
    return ran("-c", program, "config", "show", *arguments, "-o", "json", environ=environ)


def test_a_service_and_config_show_refuse_the_same_for_the_same_reasons():
    started = ran("-m", "slipway_executor", environ=EXECUTOR)
    explained = shown("executor", environ=EXECUTOR)
    assert (started.returncode, explained.returncode) == (1, 1)
    mistakes = {
        each["variable"]: each["mistake"] for each in json.loads(explained.stdout)["executor"] if each["mistake"]
    }
    assert set(mistakes) == set(EXECUTOR) - {"PATH"}
    assert f"slipway-executor: {'; '.join(mistakes.values())}\n" in started.stderr
    assert "hidden" not in started.stderr + explained.stdout


@pytest.mark.parametrize("name", SETTINGS)
def test_config_show_explains_each_program(name: str):
    explained = shown(name, environ={"PATH": "/usr/bin:/bin", **RIGHT[name]})
    assert explained.returncode == 0, explained.stdout
    assert [each["variable"] for each in json.loads(explained.stdout)[name]] == variables(SETTINGS[name])


def test_config_show_leaves_out_what_is_not_installed_here():
    """An image has the packages of its own service, and the command line is in the scheduler's."""
    missing = "sys.modules['jwt'] = None"
    explained = shown(environ={"PATH": "/usr/bin:/bin", **RIGHT["scheduler"]}, before=missing)
    assert explained.returncode == 0, explained.stderr
    assert set(json.loads(explained.stdout)) == {"console", "executor", "scheduler"}
    asked = shown("api", environ={"PATH": "/usr/bin:/bin"}, before=missing)
    assert (asked.returncode, "api is not installed here" in asked.stderr) == (2, True)


@pytest.mark.parametrize("name", SETTINGS)
def test_each_setting_is_bounded_and_says_what_it_means(name: str):
    kind = SETTINGS[name]
    said = meanings(kind)
    for field in msgspec.structs.fields(kind):
        assert len(said.get(field.name, "")) > 10, f"{field.name} has no text below it"
        assert field.name in FREE or is_bounded(field.type), f"{field.name} takes anything"


def is_bounded(kind: Any) -> bool:
    """Tell whether a type is more than text or a number: bounds, a pattern, a length, or words to choose from."""
    if get_origin(kind) is tuple:
        return is_bounded(get_args(kind)[0])
    if kind is bool:
        return True
    [bounds] = getattr(kind, "__metadata__", [msgspec.Meta()])
    bare = get_args(kind)[0] if hasattr(kind, "__metadata__") else kind
    if bare in (int, float):
        return bounds.ge is not None and bounds.le is not None
    of_its_own = bare is Network or get_origin(bare) is Literal
    return bool(bounds.description) and (of_its_own or bool(bounds.pattern or bounds.min_length))


@pytest.mark.parametrize("name", SETTINGS)
def test_a_default_is_what_the_setting_itself_takes(name: str):
    """Said aloud, each default is taken."""
    defaults = {
        each.variable: ",".join(each.value) if isinstance(each.value, tuple) else str(each.value)
        for each in effective(SETTINGS[name], RIGHT[name]) if each.source == "default"
    }  # fmt: skip
    assert load(SETTINGS[name], {**RIGHT[name], **defaults}) == load(SETTINGS[name], RIGHT[name])


def test_a_value_that_is_wrong_is_not_shown():
    """Where a URL is malformed, a part of its password may stand anywhere in it."""
    found = effective(SETTINGS["scheduler"], {"DATABASE_URL": "postgresql://u:pw@hidden:5@h/x"})
    assert "hidden" not in str([each.shown for each in found])


def console_start(environ: dict[str, str]) -> subprocess.CompletedProcess[str]:
    """Run the image's command up to where it needs nginx."""
    script = (ROOT / "deploy" / "console" / "start.sh").read_text().partition("\nsed ")[0]
    defaults = {variable: str(value) for variable, value in defaults_of(ConsoleSettings).items()}
    return subprocess.run(
        ["sh", "-c", script], env={"PATH": "/usr/bin:/bin", **defaults, **environ}, capture_output=True, text=True, check=False
    )  # fmt: skip


def defaults_of(kind: type[Settings]) -> dict[str, Any]:
    return {field.encode_name: field.default for field in msgspec.structs.fields(kind)}


@pytest.mark.parametrize(
    "environ",
    [
        *({variable: value} for variable, values in WRONG["console"].items() for value in values),
        {variable: values[0] for variable, values in WRONG["console"].items()},
        {},
        {"SLIPWAY_HTTP_PORT": "65535", "SLIPWAY_API_ADDRESS": "[::1]:80", "SLIPWAY_BEHIND_PROXY": "true"},
        {"SLIPWAY_API_ADDRESS": "slipway-api.example.org:8080", "SLIPWAY_HTTP_PORT": "1"},
    ],
    ids=str,
)
def test_the_console_s_image_takes_what_its_settings_take_and_says_the_same(environ: dict[str, str]):
    mistakes = [each.mistake for each in effective(ConsoleSettings, environ) if each.mistake]
    started = console_start(environ)
    assert started.returncode == (1 if mistakes else 0)
    assert sorted(started.stderr.removeprefix("slipway-console: ").strip().split("; ")) == sorted(mistakes or [""])


def test_the_console_s_image_has_the_defaults_of_its_settings():
    [line] = re.findall(
        r"^ENV (SLIPWAY_HTTP_PORT=.* SLIPWAY_API_ADDRESS=.*)$", (ROOT / "Dockerfile").read_text(), re.MULTILINE
    )
    given = dict(each.partition("=")[::2] for each in line.split())
    assert given == {variable: str(value) for variable, value in defaults_of(ConsoleSettings).items()}


class Sample(Settings, frozen=True, kw_only=True):
    slots: int = 4


def test_white_space_around_a_value_is_none_of_it_but_of_a_secret_s():
    environ = {"DATABASE_URL": "postgresql://u@h/x\n", "SLIPWAY_API_DATABASE_PASSWORD": " pw\n"}
    found = {each.variable: each.value for each in effective(SETTINGS["logins"], environ)}
    assert (found["DATABASE_URL"], found["SLIPWAY_API_DATABASE_PASSWORD"]) == ("postgresql://u@h/x", " pw\n")
    assert effective(Sample, {"SLIPWAY_SLOTS": " \n"}) == [Effective(variable="SLIPWAY_SLOTS", value=4)]
