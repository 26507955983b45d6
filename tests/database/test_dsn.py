"""DATABASE_URL in libpq's spellings: every way to the server takes the same, with TLS and without."""

import asyncio
import ssl
import sys
from collections.abc import AsyncIterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from slipway.cli import restoring
from slipway.database import logins, migrations
from slipway.database.dsn import DsnError, readable
from slipway.database.engine import Database
from slipway.database.migrations.__main__ import main as migrate
from slipway.dev.certificates import ensure_server_keys

SSL_REQUEST = bytes([0, 0, 0, 8, 4, 210, 22, 47])


class BehindTls:
    """What stands before most managed PostgreSQLs: a listener that wants TLS and hands on what comes in it."""

    def __init__(self, url: str, keys: Path) -> None:
        self._parts = urlsplit(url)
        self._context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self._context.load_cert_chain(keys / "postgres.crt", keys / "postgres.key")
        self.port = 0
        self.handshakes = 0

    def url(self, query: str) -> str:
        """Return the database's URL through this listener."""
        login = self._parts.netloc.rpartition("@")[0]
        return self._parts._replace(netloc=f"{login}@127.0.0.1:{self.port}", query=query).geturl()

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if await reader.readexactly(len(SSL_REQUEST)) != SSL_REQUEST:  # who wants no TLS is sent away
            writer.close()
            return
        writer.write(b"S")
        try:
            await writer.start_tls(self._context)
        except OSError:  # the client does not trust us
            return
        self.handshakes += 1
        there, back = await asyncio.open_connection(self._parts.hostname, self._parts.port)
        await asyncio.gather(_hand_on(reader, back), _hand_on(there, writer))


async def _hand_on(source: asyncio.StreamReader, sink: asyncio.StreamWriter) -> None:
    try:
        while data := await source.read(65536):
            sink.write(data)
            await sink.drain()
    except OSError:
        pass
    finally:
        sink.close()


@pytest.fixture(scope="module")
def keys(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("keys")
    ensure_server_keys(folder, "postgres")
    return folder


@pytest.fixture
async def behind_tls(database_url: str, keys: Path) -> AsyncIterator[BehindTls]:
    behind = BehindTls(database_url, keys)
    server = await asyncio.start_server(behind.serve, "127.0.0.1", 0)
    behind.port = server.sockets[0].getsockname()[1]
    yield behind
    server.close()
    await server.wait_closed()


async def every_way(url: str) -> None:
    """Reach the server as services do, as migrations do, and as who makes the logins."""
    database = Database.connect(url, service="test")
    await database.ping()
    await database.close()
    await asyncio.to_thread(migrations.upgrade, url)
    await logins.ensure_all(url, {})


@pytest.mark.parametrize("query", ["", "?sslmode=disable", "?sslmode=prefer", "?sslmode=allow&application_name=x"])
async def test_libpqs_spellings_reach_a_server_without_tls(database_url: str, query: str):
    await every_way(database_url + query)


@pytest.mark.parametrize("query", ["sslmode=require", "sslmode=verify-full&sslrootcert={}/ca.crt"])
async def test_every_way_to_the_server_goes_through_tls(behind_tls: BehindTls, keys: Path, query: str):
    await every_way(behind_tls.url(query.format(keys)))
    assert behind_tls.handshakes == 3


async def test_a_certificate_of_another_authority_is_refused(behind_tls: BehindTls, tmp_path: Path):
    ensure_server_keys(tmp_path, "other")
    database = Database.connect(behind_tls.url(f"sslmode=verify-ca&sslrootcert={tmp_path}/ca.crt"), service="test")
    with pytest.raises(ssl.SSLCertVerificationError):
        await database.ping()
    assert behind_tls.handshakes == 0
    await database.close()


UNREADABLE = (
    "",
    "hidden",
    "mysql://me:hidden@host/x",
    "postgresql:/me:hidden@host/x",
    "postgresql://me:hid/den@host/x",
    "postgresql://me:hid#den@host/x",
    "postgresql://me:hid@den:5@host/x",
    "postgresql://me:hid[den@host/x",
    "postgresql://me@host:hidden/x",
    "postgresql://me@host/x?password=a&hidden",
)


@pytest.mark.parametrize("url", UNREADABLE)
def test_what_cannot_be_read_is_told_by_its_variable_and_never_quoted(url: str):
    with pytest.raises(DsnError, match=r"^DATABASE_URL must begin with postgresql://") as refused:
        Database.connect(url, service="test")
    assert not any(part in str(refused.value) for part in ("hid", "den@"))


@pytest.mark.parametrize(
    ("query", "words"),
    [
        ("sslmode=yes", "DATABASE_URL cannot be used: `sslmode` parameter must be one of"),
        (
            "sslmode=verify-full&sslrootcert=/nowhere",
            "DATABASE_URL names a file that is not there: sslrootcert=/nowhere",
        ),
        ("port=hidden", "DATABASE_URL must begin with"),
    ],
)
def test_commands_end_with_a_sentence(
    query: str, words: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
):
    """The port is one at which nobody answers: none of these gets as far."""
    url = f"postgresql://me:hidden@/x?host=127.0.0.1&{query}"
    monkeypatch.setenv("DATABASE_URL", url)
    assert migrate(["upgrade"]) == 2
    assert logins.main({"DATABASE_URL": url, "SLIPWAY_API_DATABASE_PASSWORD": "p"}) == 2
    said = capsys.readouterr().err.splitlines()
    assert len(said) == 2
    assert all(words in line and "hidden" not in line for line in said)


def test_admins_commands_end_with_a_sentence(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("DATABASE_URL", "postgresql://me:hid/den@host/x")
    monkeypatch.setenv("NATS_URL", "nats://127.0.0.1:1")
    with pytest.raises(SystemExit, match=r"^slipway: DATABASE_URL must begin with"):
        restoring.run(restoring.orphans)


@pytest.mark.parametrize(
    ("program", "more"),
    [
        (["-m", "slipway_api"], {"JWT_SECRET_KEY": "k" * 40}),
        (["-m", "slipway_scheduler"], {"NATS_URL": "nats://127.0.0.1:1"}),
    ],
    ids=["api", "scheduler"],
)
async def test_a_service_does_not_start_with_it(program: list[str], more: dict[str, str]):
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        *program,
        env={**more, "DATABASE_URL": "postgresql://me:hid/den@host/x"},
        stderr=asyncio.subprocess.PIPE,
    )
    _, said = await process.communicate()
    assert process.returncode == 1
    assert f"{program[1].replace('_', '-')}: DATABASE_URL must begin with".encode() in said
    assert b"hid" not in said


@pytest.mark.parametrize(
    "url",
    [
        "postgres://h/x",
        "postgresql:///x?host=/run/postgresql&user=me",
        "postgresql+asyncpg://me:a%2Fb%40c:d@[::1]:5432/x?sslmode=require",
        "postgresql://me@one:5432,two.example.org:5433/x?target_session_attrs=read-write",
    ],
)
def test_other_spellings_are_taken_as_they_are(url: str):
    assert readable(url) == f"postgresql://{url.partition('://')[2]}"
