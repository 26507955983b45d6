"""`.slipway/env`: what a shell needs to use a running system. Mode 0600."""

import os
import shlex
from pathlib import Path

from slipway.dev.stack import ADMIN_EMAIL, Stack
from slipway.messaging.permissions import AUDIT


def write(stack: Stack) -> Path:
    """Write the file and return its path."""
    values = {
        "SLIPWAY_API_URL": stack.api_url,
        "SLIPWAY_ADMIN_EMAIL": ADMIN_EMAIL,
        "SLIPWAY_ADMIN_PASSWORD": stack.admin_password,
        "DATABASE_URL": stack.database_url,
        "NATS_URL": stack.nats_url_of(AUDIT),
        "NATS_CA": stack.nats_ca,
        "KUBECONFIG": stack.kubeconfig,
        "SLIPWAY_REGISTRY": stack.registry.host,
    }
    path = stack.state / "env"
    fresh = stack.state / "env.new"
    with os.fdopen(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as file:
        file.writelines(f"export {name}={shlex.quote(value)}\n" for name, value in values.items() if value)
    fresh.rename(path)
    return path
