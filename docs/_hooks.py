"""What mkdocs does beside its own: pages in reading order, the generated ones, and files shown within a page.

`{{ path }}` on a line of its own shows a file of this folder; `{{ settings }}` the settings of all services.
"""

import re
from pathlib import Path
from typing import Any

from mkdocs.structure.files import File, Files

from slipway.database.engine import Database
from slipway.dev import api_reference, settings_reference
from slipway_api.app import create_app, make_deps
from slipway_api.settings import ApiSettings

HERE = Path(__file__).parent
ORDER = (
    "index.md", "getting-started.md", "concepts.md", "console.md", "cli.md", "assistant.md", "python.md",
    "publish.md", "values-schema.md", "auditors.md", "events.md", "api.md", "settings.md", "operations.md", "faults.md",
    "security.md", "scaling.md", "benchmarks.md",
)  # fmt: skip
SHOWN = re.compile(r"^\{\{ (\S+) \}\}$", re.MULTILINE)


def on_config(config: Any) -> Any:
    """Put the pages that are there into reading order; what ORDER does not know comes last."""
    there = {path.name for path in HERE.glob("*.md")} | {"api.md"}
    config.nav = [*(name for name in ORDER if name in there), *sorted(there - set(ORDER))]
    return config


def on_files(files: Files, config: Any) -> Files:
    """Add the reference of the HTTP API, made from its OpenAPI document."""
    settings = ApiSettings(database_url="postgresql://none", jwt_secret_key="0" * 32)
    database = Database.connect("postgresql://nobody@127.0.0.1:1/none", service="docs")  # nothing is asked of it
    document = create_app(make_deps(settings, database, None)).openapi_schema.to_schema()
    files.append(File.generated(config, "api.md", content=api_reference.render(document)))
    return files


def on_page_markdown(markdown: str, **_: Any) -> str:
    return SHOWN.sub(lambda found: _shown(found[1]), markdown)


def _shown(name: str) -> str:
    if name == "settings":
        return settings_reference.render()
    path = HERE / name
    return f"```{path.suffix.removeprefix('.')}\n{path.read_text().rstrip()}\n```".replace("```py\n", "```python\n")
