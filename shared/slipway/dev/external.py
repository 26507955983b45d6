"""Servers of the user's own: noticed, and left alone unless `--external` was said."""

import os
from collections.abc import Mapping

FOREIGN = ("DATABASE_URL", "NATS_URL", "KUBECONFIG")


def noticed(environ: Mapping[str, str] | None = None, *, own: str = "") -> list[str]:
    """Return the names of variables that point to servers of the user's; those under our own state folder are ours."""
    found = os.environ if environ is None else environ
    return [name for name in FOREIGN if found.get(name) and not (own and found[name].startswith(own))]
