"""Reads what went wrong off Helm's words: the one place where its text is judged. Values never stand in what it returns."""

import re

from slipway.domain.failures import Failure, FailureClass

_KINDS: tuple[tuple[str, FailureClass, str, str], ...] = (
    (r"exceeded quota: .*", FailureClass.TERMINAL, "quota_exceeded", "the namespace's quota does not allow it"),
    (r"(?:field is immutable|may not be changed|updates to \w+ spec for fields other than)", FailureClass.TERMINAL,
     "immutable_field", "a field cannot be changed on the running object; the old one keeps running"),
    (r"admission webhook .* denied the request.*", FailureClass.TERMINAL, "admission_denied", "an admission rule refused it"),
    (r"failed calling webhook.*", FailureClass.TRANSIENT, "webhook_failed", "an admission webhook does not answer"),
    (r"(?:exists and cannot be imported|invalid ownership metadata).*", FailureClass.TERMINAL, "owned_by_another",
     "an object belongs to another release"),
    (r"(?:Too long: must have at most|request entity too large|data: Too long)", FailureClass.TERMINAL,
     "release_too_large", "the rendered release is larger than Helm can store (1 MiB)"),
    (r"conflict with .* using .*|conflicts? with .*", FailureClass.TERMINAL, "apply_conflict", "another manager owns a field"),
    (r"values don't meet the specifications of the schema.*", FailureClass.TERMINAL, "values_rejected",
     "the chart's own schema refuses the values"),
    (r"(?:pre|post)-(?:install|upgrade|delete) hooks? failed.*|job failed.*",
     FailureClass.TERMINAL, "hook_failed", "a hook failed"),
    (r"another operation .* is in progress", FailureClass.TRANSIENT, "release_busy", "another Helm operation holds the release"),
    (r"(?:connection refused|i/o timeout|no such host|TLS handshake timeout|EOF|context deadline exceeded)",
     FailureClass.TRANSIENT, "cluster_unreachable", "the Kubernetes API server does not answer"),
    (r"Unauthorized", FailureClass.TRANSIENT, "cluster_unauthorized", "the cluster refused the executor's credentials"),
    (r"forbidden: .*", FailureClass.NEEDS_PERSON, "cluster_forbidden", "the cluster forbids it"),
    (r"(?:no matches for kind|ensure CRDs are installed first).*", FailureClass.TERMINAL, "unknown_kind",
     "the cluster does not know a kind that the chart has"),
    (r"(?:template: |execution error at|parse error|YAML parse error|error converting YAML).*", FailureClass.TERMINAL,
     "template_failed", "the chart's templates failed"),
    (r"(?:is invalid: |Invalid value: |unknown field|cannot be handled as a|failed to create typed patch object).*",
     FailureClass.TERMINAL, "object_invalid", "the cluster refuses an object"),
)  # fmt: skip

LONGEST = 400
_SPACE = re.compile(r"\s+")
_QUOTED_VALUE = re.compile(r'(Invalid value: )(?:"(?:[^"\\]|\\.)*"|[^\s:]+)')
_WAS_NOT_FOUND = re.compile(r"release: not found|Release not loaded: \S+: release: not found")


def failure(stderr: str) -> Failure:
    """Return the failure that Helm's error text tells. An unknown text is transient: trying again does no harm."""
    line = _error_line(stderr)
    for pattern, kind, code, words in _KINDS:
        if found := re.search(pattern, line, re.IGNORECASE):
            detail = line[found.start() :]
            return Failure(failure_class=kind, code=code, reason=f"{words}: {_short(detail)}", cluster_changed=True)
    reason = f"helm failed: {_short(line)}"
    return Failure(failure_class=FailureClass.TRANSIENT, code="helm_failed", reason=reason, cluster_changed=True)


def says_not_found(stderr: str) -> bool:
    """Tell whether Helm said that this release does not exist; no other "not found" counts."""
    return bool(_WAS_NOT_FOUND.search(stderr))


def _error_line(stderr: str) -> str:
    lines = [line for line in stderr.splitlines() if line.strip() and not line.startswith(("WARNING", "level=WARN"))]
    errors = [line for line in lines if line.startswith("Error:")]
    text = "\n".join(lines[lines.index(errors[-1]) :]) if errors else "\n".join(lines[-3:])
    return _SPACE.sub(" ", text.removeprefix("Error: ")).strip() or "no reason given"


def _short(text: str) -> str:
    masked = _QUOTED_VALUE.sub(r"\1(hidden)", text)
    return masked if len(masked) <= LONGEST else masked[: LONGEST - 1] + "…"
