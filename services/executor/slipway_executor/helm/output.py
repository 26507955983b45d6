"""Reads what went wrong off Helm's words: the one place where its text is judged. Values never stand in what it returns."""

import re

from slipway.domain.failures import Failure, FailureClass
from slipway_executor.cluster.port import UNKNOWN_KIND

_AWAY = (
    r"connection refused|connection reset|i/o timeout|no such host|TLS handshake timeout|unexpected EOF|: EOF"
    r"|Client\.Timeout exceeded|http2: (?:client connection lost|server sent GOAWAY)|server closed idle connection|broken pipe"
    r"|use of closed network connection|stream error"
)
_TROUBLED = (
    r"Too many requests|etcdserver: |the server is currently unable|an error on the server|Internal error occurred"
    r"|the server was unable to return a response"
)

_HOOK = r"(?:(?:pre|post)-\w+ hooks? failed|failed (?:pre|post)-\w+: )"

_KINDS: tuple[tuple[str, FailureClass, str, str], ...] = (
    # A chart's own words may hold any of those that follow, so what the chart says comes first.
    (r"values don't meet the specifications of the schema.*", FailureClass.TERMINAL, "values_rejected",
     "the chart's own schema refuses the values"),
    (r"(?:(?<![.\w])template: |executing \"|execution error at|parse error|YAML parse error|error converting YAML).*",
     FailureClass.TERMINAL, "template_failed", "the chart's templates failed"),
    (r"exceeded quota: .*", FailureClass.TERMINAL, "quota_exceeded", "the namespace's quota does not allow it"),
    ((r"(?:\S+ \"\S+\" is invalid: \S+: (?:\w+ value|Forbidden): .*?)?"
      r"(?:field is immutable|may not be changed|updates to \w+ spec for fields other than)"), FailureClass.TERMINAL,
     "immutable_field", "a field cannot be changed on the running object; the old one keeps running"),
    (r"admission webhook .* denied the request.*", FailureClass.TERMINAL, "admission_denied", "an admission rule refused it"),
    (r"failed calling webhook.*", FailureClass.TRANSIENT, "webhook_failed", "an admission webhook does not answer"),
    (r"(?:\S+ \"\S+\" in namespace \"\S+\" )?(?:exists and cannot be imported|invalid ownership metadata).*",
     FailureClass.TERMINAL, "owned_by_another", "an object belongs to another release"),
    (r"(?:request entity too large|Secret \"sh\.helm\.release\..*Too long)", FailureClass.TERMINAL,
     "release_too_large", "the rendered release is larger than Helm can store (1 MiB)"),
    (r"conflict with .* using .*|conflicts? with .*", FailureClass.TERMINAL, "apply_conflict", "another manager owns a field"),
    # Helm was asking for the hook's state at that moment: this says nothing of the hook.
    (rf"{_HOOK}.*(?:{_AWAY}|{_TROUBLED}).*", FailureClass.TRANSIENT, "cluster_unreachable",
     "the Kubernetes API server went away while a hook ran"),
    (rf"{_HOOK}.*|job failed.*", FailureClass.TERMINAL, "hook_failed", "a hook failed"),
    (r"another operation .* is in progress", FailureClass.TRANSIENT, "release_busy", "another Helm operation holds the release"),
    (r"because it is being terminated.*", FailureClass.TRANSIENT, "namespace_terminating", "the namespace is being removed"),
    (rf"(?:{_AWAY}|context deadline exceeded)",
     FailureClass.TRANSIENT, "cluster_unreachable", "the Kubernetes API server does not answer"),
    (rf"(?:{_TROUBLED}).*",
     FailureClass.TRANSIENT, "cluster_unavailable", "the Kubernetes API server is in trouble"),
    (r"Unauthorized", FailureClass.TRANSIENT, "cluster_unauthorized", "the cluster refused the executor's credentials"),
    (r"forbidden: .*", FailureClass.NEEDS_PERSON, "cluster_forbidden", "the cluster forbids it"),
    (r"(?:no matches for kind|ensure CRDs are installed first).*", FailureClass.TERMINAL, UNKNOWN_KIND,
     "the cluster does not know a kind that the chart has"),
    # Helm keeps to itself why: a kind of the release that is not served any more, most of the time.
    (r"failed to delete release: .*", FailureClass.TRANSIENT, "release_indivisible", "Helm cannot take the release apart"),
    (r"(?:is invalid: |Invalid value: |unknown field|cannot be handled as a|failed to create typed patch object).*",
     FailureClass.TERMINAL, "object_invalid", "the cluster refuses an object"),
)  # fmt: skip

LONGEST, BEGINNING = 400, 150
"""Characters of a reason, and of its beginning: where it happened stands there, and why at the end."""
_HINT = "Use --debug flag to render out invalid YAML"
"""Advice to those who hold the helm program in hand."""
_SPACE = re.compile(r"\s+")
_QUOTED_VALUE = re.compile(r'(Invalid value: )(?:"(?:[^"\\]|\\.)*"|[\[{].*[\]}](?=: )|.+?(?=: |$))')
_OUT_OF_MEMORY = re.compile(r"^(?:fatal error|runtime): (?:.*out of memory|.*cannot allocate memory)", re.MULTILINE)
_WAS_NOT_FOUND = re.compile(r"release: not found|Release not loaded: \S+: release: not found")


def failure(stderr: str) -> Failure:
    """Return the failure that Helm's error text tells. An unknown text is transient: trying again does no harm."""
    if _OUT_OF_MEMORY.search(stderr):
        return Failure(
            failure_class=FailureClass.TERMINAL, code="chart_needs_memory",
            reason="the chart's templates need more memory than Helm may have", cluster_changed=True,
        )  # fmt: skip
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
    return _SPACE.sub(" ", text.removeprefix("Error: ").replace(_HINT, "")).strip() or "no reason given"


def _short(text: str) -> str:
    masked = _QUOTED_VALUE.sub(r"\1(hidden)", text)
    if len(masked) <= LONGEST:
        return masked
    return f"{masked[:BEGINNING]} … {masked[BEGINNING + 3 - LONGEST :]}"
