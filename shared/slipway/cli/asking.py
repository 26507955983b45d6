"""Questions to the person at the terminal."""

import getpass
import sys
from pathlib import Path

from slipway.cli.exits import Exit, Stop
from slipway.cli.output import printable, remarks


def at_terminal() -> bool:
    return sys.stdin.isatty()


def agreed(question: str, *, yes: bool, default: bool = False) -> bool:
    """Return whether the person agrees; without one, --yes decides."""
    if yes:
        return True
    if not at_terminal():
        raise Stop(Exit.MISUNDERSTOOD, f"{question} Nobody can answer here: add --yes")
    answer = _line(f"{question} [{'Y/n' if default else 'y/N'}] ").strip().casefold()
    return default if not answer else answer in ("y", "yes")


def typed_name(question: str, name: str, *, yes: bool) -> bool:
    """Return whether the person types the name of what will be gone."""
    if yes:
        return True
    if not at_terminal():
        raise Stop(Exit.MISUNDERSTOOD, f"{question} Nobody can answer here: add --yes")
    return _line(f"{question}\nType its name to go on: ").strip() == name


def password(prompt: str, *, from_stdin: bool) -> str:
    """Return a password: typed unseen, or the first line of standard input. Never a flag: others see a command line."""
    if from_stdin:
        return sys.stdin.readline().rstrip("\r\n")
    if not at_terminal():
        raise Stop(Exit.MISUNDERSTOOD, "nobody can type a password here: give it with --password-stdin")
    try:
        return getpass.getpass(printable(prompt))
    except EOFError:
        raise KeyboardInterrupt from None


def secret(prompt: str, *, from_stdin: bool, file: str | None) -> str:
    """Return a secret: of a file or of standard input as it stands there, else typed unseen. Never a flag's own text."""
    if from_stdin and file:
        raise Stop(Exit.MISUNDERSTOOD, "--stdin and --file: give one of them")
    if file:
        try:
            return Path(file).read_text().rstrip("\r\n")
        except (OSError, UnicodeDecodeError) as error:
            why = error.strerror if isinstance(error, OSError) else "it is no text"
            raise Stop(Exit.MISUNDERSTOOD, f"--file: {file} cannot be read: {why}") from error
    if from_stdin:
        return sys.stdin.read().rstrip("\r\n")
    if not at_terminal():
        raise Stop(Exit.MISUNDERSTOOD, "nobody can type a secret here: give it with --stdin or --file")
    return password(prompt, from_stdin=False)


def line(prompt: str) -> str | None:
    """Return what was typed, or None at the end of input."""
    try:
        return _line(prompt)
    except KeyboardInterrupt:
        return None


def _line(prompt: str) -> str:
    try:
        return remarks().input(printable(prompt), markup=False, emoji=False)
    except EOFError:
        raise KeyboardInterrupt from None
