"""What went wrong, read off Helm's words."""

import pytest

from slipway_executor.helm import output

HELM_WORDS = [
    ("Error: UPGRADE FAILED: cannot patch x: Deployment.apps \"x\" is invalid: spec.selector: Invalid value: \"s3cret\": field is immutable", "immutable_field"),
    ("Error: INSTALLATION FAILED: pods \"x\" is forbidden: exceeded quota: q, requested: cpu=1", "quota_exceeded"),
    ("Error: admission webhook \"w\" denied the request: no", "admission_denied"),
    ("Error: Unable to continue with install: ConfigMap \"x\" exists and cannot be imported into the current release: invalid ownership metadata", "owned_by_another"),
    ("Error: create: failed to create: Secret \"sh.helm.release.v1.x.v1\" is invalid: data: Too long: may not be more than 1048576 bytes", "release_too_large"),
    ("Error: values don't meet the specifications of the schema(s) in the following chart(s):\nx:\n- at '/a': got string, want integer", "values_rejected"),
    ("Error: Kubernetes cluster unreachable: Get \"https://x\": dial tcp: connect: connection refused", "cluster_unreachable"),
    ("Error: pre-install hooks failed: job gate failed: BackoffLimitExceeded", "hook_failed"),
    ("Error: failed pre-install: resource Job/n/gate not ready. status: InProgress\ncontext deadline exceeded", "hook_failed"),
    ("Error: pre-upgrade hooks failed: Get \"https://h\": dial tcp h: connect: connection refused", "cluster_unreachable"),
    ("Error: failed post-install: Too many requests, please try again later.", "cluster_unreachable"),
    ('Error: Job.batch "x" is invalid: spec.template: Invalid value: {"a":"b: c"}: field is immutable', "immutable_field"),
    ("runtime: out of memory: cannot allocate 5 bytes\nfatal error: out of memory\n\ngoroutine 1:", "chart_needs_memory"),
    ("Error: another operation (install/upgrade/rollback) is in progress", "release_busy"),
    ("Error: template: x/templates/a.yaml:1:2: executing: error calling fail: conflict with forbidden: unexpected EOF", "template_failed"),
    ("Error: values don't meet the specifications of the schema(s) in the following chart(s):\nx:\n- at '/a': conflicts with /b", "values_rejected"),
    ("Error: error validating \"\": error decoding: typeof is unknown", "helm_failed"),
    ("Error: Post \"https://x/api\": net/http: request canceled (Client.Timeout exceeded while awaiting headers)", "cluster_unreachable"),
    ("Error: Post \"https://x/api\": unexpected EOF", "cluster_unreachable"),
    ("Error: UPGRADE FAILED: pre-upgrade hooks failed: write tcp 1:2->3:4: write: broken pipe", "cluster_unreachable"),
    ("Error: Get \"https://x/api\": http2: server sent GOAWAY and closed the connection", "cluster_unreachable"),
    ("Error: etcdserver: request timed out", "cluster_unavailable"),
    ("Error: Too many requests, please try again later.", "cluster_unavailable"),
    ("Error: configmaps \"x\" is forbidden: unable to create new content in namespace x because it is being terminated", "namespace_terminating"),
    ("Error: ConfigMap \"x\" is invalid: metadata.labels: Invalid value: must have at most 63 bytes. Too long", "object_invalid"),
    ("Error: template: x/templates/a.yaml:1:2: executing", "template_failed"),
    ("Error: failed to delete release: app", "release_indivisible"),
    ("Error: something new", "helm_failed"),
    ("", "helm_failed"),
]  # fmt: skip


@pytest.mark.parametrize(("text", "code"), HELM_WORDS)
def test_helms_words_become_a_failure_without_values(text: str, code: str):
    failure = output.failure(text)
    assert failure.code == code
    assert "s3cret" not in failure.reason


def test_a_long_reason_keeps_where_it_happened_and_why():
    frames = "".join(
        f'template: x/templates/{n}.yaml:1:2: executing "x/{n}" at <include>: error calling include: ' for n in range(9)
    )
    reason = output.failure(f"Error: {frames}nodes is forbidden").reason
    assert reason.startswith("the chart's templates failed: template: x/templates/0.yaml:1:2")
    assert reason.endswith("error calling include: nodes is forbidden")
    assert len(reason) < output.LONGEST + 50


@pytest.mark.parametrize(
    ("text", "answer"),
    [
        ("Error: uninstall: Release not loaded: x: release: not found", True),
        ('Error: namespaces "x" not found', False),
        ("helm: command not found", False),
    ],
)
def test_only_a_missing_release_counts_as_uninstalled(text: str, answer: bool):
    assert output.says_not_found(text) is answer
