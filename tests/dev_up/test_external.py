"""Servers of the user's own are noticed, named without their passwords, and told apart from ours."""

from pathlib import Path

import pytest

from slipway.dev import external, remembered
from slipway.dev.external import External
from slipway.dev.process import ServerError


def test_nothing_in_the_environment_is_nothing_foreign(tmp_path: Path):
    assert external.noticed(tmp_path, {}) == External()


def test_every_foreign_server_is_noticed_by_name(tmp_path: Path):
    environ = {
        "DATABASE_URL": "postgresql://me:pw@db.example.org/mine",
        "NATS_URL": "nats://n:4222",
        "KUBECONFIG": "/k",
    }
    assert external.names(external.noticed(tmp_path, environ)) == ["DATABASE_URL", "NATS_URL", "KUBECONFIG"]


def test_the_servers_of_our_own_env_file_are_not_foreign(tmp_path: Path):
    database, nats = (remembered.port(tmp_path, name) for name in ("postgres", "nats"))
    environ = {
        "DATABASE_URL": f"postgresql://postgres:pw@127.0.0.1:{database}/slipway",
        "NATS_URL": f"nats://slipway:pw@127.0.0.1:{nats}",
        "KUBECONFIG": str(tmp_path / "kubeconfig"),
    }
    assert external.names(external.noticed(tmp_path, environ)) == []


def test_what_is_touched_is_said_without_a_password(tmp_path: Path):
    kubeconfig = tmp_path / "theirs"
    kubeconfig.touch()
    servers = External(
        database_url="postgresql://me:secret1@db:5432/mine",
        nats_url="nats://me:secret2@n:4222",
        kubeconfig=str(kubeconfig),
    )
    said = "\n".join(external.touched(servers))
    assert "postgresql://db:5432/mine" in said
    assert "nats://n:4222" in said
    assert str(kubeconfig) in said
    assert "secret" not in said


@pytest.mark.parametrize(
    ("servers", "variable"),
    [
        (External(database_url="nonsense"), "DATABASE_URL"),
        (External(nats_url="nats://"), "NATS_URL"),
        (External(kubeconfig="/a/file:/another"), "KUBECONFIG"),
    ],
)
def test_a_value_that_cannot_be_used_is_refused_by_its_variable(servers: External, variable: str):
    with pytest.raises(ServerError, match=variable):
        external.touched(servers)


def test_a_service_logs_in_with_its_own_password_on_the_same_database():
    url = external.with_login("postgresql+asyncpg://me:pw@db:5432/mine?sslmode=require", "slipway_api_login", "a/b@c")
    assert url == "postgresql://slipway_api_login:a%2Fb%40c@db:5432/mine?sslmode=require"
