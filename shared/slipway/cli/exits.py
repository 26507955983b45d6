"""How `slipway` ends: one table of exit codes, and every error as a sentence or two without a traceback."""

from enum import IntEnum

import msgspec

from slipway.client import NotFound, Refused, Unreachable


class Exit(IntEnum):
    """What a script can tell apart. docs/cli.md lists them for users."""

    DONE = 0
    FAILED = 1
    """It could not be done; the message says why."""
    MISUNDERSTOOD = 2
    """The call was wrong: an unknown flag, or a value that is not allowed (the message names the field)."""
    NOT_ALLOWED = 3
    """Not signed in, the sign-in has ended, or it is for admins."""
    NOT_FOUND = 4
    CONFLICT = 5
    """A name or domain is taken, it was changed in between, or what is asked does not go with its state."""
    NOT_READY = 6
    """`--wait` saw the deployment or its tests fail, or what was asked for given up."""
    UNAVAILABLE = 7
    """No answer, or "later": asking again may help."""
    TOO_LONG = 8
    """`--wait` waited as long as `--timeout` says; the work goes on."""
    INTERRUPTED = 130


class Stop(Exception):
    """End with this code and message."""

    def __init__(self, code: Exit, message: str) -> None:
        super().__init__(message)
        self.code = code


Known = Stop | Refused | Unreachable | NotFound | msgspec.ValidationError
"""Every error that is not a defect of this program."""

_BY_STATUS = {
    400: Exit.MISUNDERSTOOD, 401: Exit.NOT_ALLOWED, 403: Exit.NOT_ALLOWED, 404: Exit.NOT_FOUND, 409: Exit.CONFLICT,
    412: Exit.CONFLICT, 413: Exit.MISUNDERSTOOD, 422: Exit.MISUNDERSTOOD, 429: Exit.UNAVAILABLE,
    502: Exit.UNAVAILABLE, 503: Exit.UNAVAILABLE, 504: Exit.UNAVAILABLE,
}  # fmt: skip
SIGN_IN_AGAIN = "not signed in, or no longer: `slipway login`"


def exit_of(error: Known, url: str = "") -> tuple[Exit, str]:
    """Return the code and the message of an error that a user can meet."""
    match error:
        case Stop():
            return error.code, str(error)
        case Refused():
            return _BY_STATUS.get(error.status, Exit.FAILED), _refusal(error)
        case Unreachable():
            return Exit.UNAVAILABLE, f"no answer from {url or 'the server'}: {error}"
        case NotFound():
            return Exit.NOT_FOUND, str(error)
        case msgspec.ValidationError():
            return Exit.FAILED, f"the server is of another version: its answer is not understood ({error})"


def _refusal(error: Refused) -> str:
    if error.status == 401:
        return error.detail if "password" in error.detail else SIGN_IN_AGAIN
    lines = [f"{_field(each['pointer'])}{each['message']}" for each in error.errors]
    if len(lines) == 1 and not error.detail:
        return lines[0]
    head = error.detail or ("some values are not valid" if lines else error.code)
    return "\n  ".join([head, *lines])


def _field(pointer: str) -> str:
    """Return the field as `--set` names it, dotted."""
    path = pointer.strip("/").replace("/", ".").replace("~1", "/").replace("~0", "~")
    return f"{path}: " if path else ""
