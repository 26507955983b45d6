"""`python -m slipway_api.document` prints the OpenAPI document, the same for the same code: clients' types are made from it."""

import json
import sys
from typing import Any

from slipway.database.engine import Database
from slipway_api.app import create_app, make_deps
from slipway_api.settings import ApiSettings


def document() -> dict[str, Any]:
    """Return the OpenAPI document without its examples, which are made up anew each time. Connects to nothing."""
    settings = ApiSettings(database_url="postgresql://nobody@localhost/none", jwt_secret_key="")
    database = Database.connect(settings.database_url, service="document")
    app = create_app(make_deps(settings, database, None))
    return _without_examples(app.openapi_schema.to_schema())


def _without_examples(node: Any, *, named: bool = False) -> Any:
    """`named`: the keys of this node are names of properties, one of which may well be `examples`."""
    if isinstance(node, dict):
        return {
            key: _without_examples(value, named=key == "properties" and not named)
            for key, value in node.items()
            if named or key not in ("example", "examples")
        }
    return [_without_examples(each) for each in node] if isinstance(node, list) else node


if __name__ == "__main__":
    json.dump(document(), sys.stdout, indent=1, default=str)
