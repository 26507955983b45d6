"""`python -m slipway.database.migrations [upgrade | downgrade] [REVISION]`, on DATABASE_URL."""

import os
import sys

from slipway.database.dsn import DsnError
from slipway.database.migrations import downgrade, upgrade
from slipway.database.settings import OwnerSettings
from slipway.settings import SettingsError, load


def main(arguments: list[str]) -> int:
    """Run one command; 2 when the call is not understood."""
    direction = arguments[0] if arguments else "upgrade"
    try:
        dsn = load(OwnerSettings, os.environ).database_url
        if direction == "upgrade":
            upgrade(dsn, *arguments[1:2] or ["head"])
        elif direction == "downgrade" and len(arguments) == 2:
            downgrade(dsn, arguments[1])
        else:
            print(__doc__, file=sys.stderr)  # noqa: T201 - a command's own words
            return 2
    except (SettingsError, DsnError) as error:
        print(error, file=sys.stderr)  # noqa: T201 - a command's own words
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
