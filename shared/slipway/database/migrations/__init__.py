"""Schema versions. `upgrade` and `downgrade` are the whole interface; `python -m slipway.database.migrations` calls them."""

from pathlib import Path

from alembic import command
from alembic.config import Config

from slipway.database.dsn import readable


def config(dsn: str) -> Config:
    """Return Alembic's configuration for a database (`postgresql://...`); DsnError when the URL is none."""
    settings = Config()
    settings.set_main_option("script_location", str(Path(__file__).parent))
    settings.set_main_option("path_separator", "os")
    settings.attributes["dsn"] = readable(dsn)
    return settings


def upgrade(dsn: str, revision: str = "head") -> None:
    """Bring the schema up to a revision. Runs its own event loop: call it from a thread when one is running."""
    command.upgrade(config(dsn), revision)


def downgrade(dsn: str, revision: str) -> None:
    """Take the schema down to a revision; `base` removes all of it."""
    command.downgrade(config(dsn), revision)
