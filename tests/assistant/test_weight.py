"""What is large is loaded when it is first needed: an API that nobody asks for it stays small."""

import subprocess
import sys

LARGE = {"openai", "mcp", "mcp_types", "pydantic", "httpx2"}


def test_an_api_at_rest_has_loaded_neither_model_client_nor_mcp():
    ask = (
        "import sys; from slipway_api.app import create_app, make_deps; from slipway_api.settings import ApiSettings;"
        "from slipway.database.engine import Database;"
        "s = ApiSettings(database_url='postgresql://x', jwt_secret_key='k' * 40, assistant_model='m');"
        "create_app(make_deps(s, Database.connect(s.database_url, service='t'), None));"
        "print(*sys.modules)"
    )
    loaded = subprocess.run([sys.executable, "-c", ask], capture_output=True, text=True, check=True)
    assert LARGE & set(loaded.stdout.split()) == set()
