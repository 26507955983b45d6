"""Writes again what the files under deploy/ repeat of the code: `python -m slipway.dev.deploy_files`, in the checkout.

`variables.json` tells the chart which program has which setting, and the end of `values.schema.json` what each takes; `nats.conf`
is what the compose file's NATS is told, and `headers.conf` what the console's own server adds to each answer.
"""

import json
from pathlib import Path
from typing import Any

import msgspec

from slipway.dev.nats import MAX_PAYLOAD, MEMORY_BYTES, OPERATOR, STORE_BYTES
from slipway.dev.values_schema import NETWORK, variables_schema
from slipway.messaging.permissions import permissions
from slipway.service_settings import ConsoleSettings
from slipway.settings import Settings, variables
from slipway_api.routes.console import HEADERS
from slipway_api.settings import ApiSettings, PrepareSettings
from slipway_executor.settings import ExecutorSettings
from slipway_scheduler.settings import SchedulerSettings

ROOT = Path(__file__).resolve().parents[3]
CHART = ROOT / "deploy" / "helm" / "slipway"
CLUSTER = "local"
SETTINGS: dict[str, type[Settings]] = {
    "api": ApiSettings, "scheduler": SchedulerSettings, "executor": ExecutorSettings,
}  # fmt: skip
COMPONENTS = SETTINGS | {"console": ConsoleSettings}


def files() -> dict[Path, bytes]:
    """Return the content of each file."""
    return {
        CHART / "files" / "variables.json": _variables(),
        CHART / "values.schema.json": _values_schema((CHART / "values.schema.json").read_text(encoding="utf-8")),
        ROOT / "deploy" / "compose" / "nats.conf": _nats(),
        ROOT / "deploy" / "console" / "headers.conf": _headers(),
    }


def _variables() -> bytes:
    """With those of the migrations' Job, which are for nobody else: they hold every login."""
    known = {kind: variables(each) for kind, each in (COMPONENTS | {"migrations": PrepareSettings}).items()}
    return msgspec.json.format(msgspec.json.encode(known)) + b"\n"


def _values_schema(now: str) -> bytes:
    """Return the schema as it is, with what follows the definition `generated` made anew."""
    kept, mark, _ = now.partition('    "generated": ')
    rules = {f"{kind}Variables": variables_schema(each) for kind, each in COMPONENTS.items()}
    made = [
        f'{mark}{{"$comment": "From here on written by `python -m slipway.dev.deploy_files` from the types of settings."}}',
        f'    "network": {json.dumps({"type": "string", "pattern": NETWORK})}',
        *(
            f'    "{name}": {{\n      "properties": {{\n{_lines(each)}\n      }}\n    }}'
            for name, each in rules.items()
        ),
    ]
    return (kept + ",\n".join(made) + "\n  }\n}\n").encode()


def _lines(schemas: dict[str, Any]) -> str:
    return ",\n".join(f'        "{name}": {json.dumps(schema)}' for name, schema in schemas.items())


def _nats() -> bytes:
    """A password is a variable of the server's environment. The operator may do everything; no service has its password."""
    users = "\n".join(
        f"  {{ user: {user}, password: $NATS_{user.partition('-')[0].upper()}_PASSWORD,"
        f" permissions: {msgspec.json.encode(rights.rules).decode()} }}"
        for user, rights in permissions([CLUSTER]).items()
    )
    return f"""\
# Written by `python -m slipway.dev.deploy_files` from slipway.messaging.permissions.
listen: "0.0.0.0:4222"
http: "127.0.0.1:8222"
max_payload: {MAX_PAYLOAD}
jetstream {{ store_dir: "/data", max_file_store: {STORE_BYTES}, max_memory_store: {MEMORY_BYTES} }}
authorization {{ users: [
  {{ user: {OPERATOR}, password: $NATS_OPERATOR_PASSWORD }}
{users}
] }}
""".encode()


def _headers() -> bytes:
    """What the API sends with the console's files, so that both serve it under one policy."""
    lines = [f'add_header {name} "{value}" always;' for name, value in HEADERS.items()]
    return "\n".join(
        ["# Written by `python -m slipway.dev.deploy_files` from slipway_api.routes.console.", *lines, ""]
    ).encode()


if __name__ == "__main__":
    for path, content in files().items():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
