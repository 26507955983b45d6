"""Asks for health: `python -m slipway.alive [URL ...]`. Without a URL it asks this container's own service."""

import os
import sys
import urllib.error
import urllib.request

TIMEOUT_SEC = 4.0
"""Longer than a service waits for what it needs before it says that it is not ready."""


def alive(url: str) -> bool:
    """Tell whether the URL answers 200."""
    try:
        with urllib.request.urlopen(url, timeout=TIMEOUT_SEC) as answer:  # noqa: S310 - given by the chart or built below
            return answer.status == 200
    except (urllib.error.URLError, OSError):
        return False


def main(urls: list[str]) -> int:
    """Return the exit code: 0 when all answer."""
    asked = urls or [f"http://127.0.0.1:{os.environ['SLIPWAY_HTTP_PORT']}/health"]
    silent = [url for url in asked if not alive(url)]
    for url in silent:
        print(f"no health at {url}", file=sys.stderr)  # noqa: T201 - a command's own words
    return 1 if silent else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
