"""The real reason why objects did not become ready, from pods and warning events, in one sentence."""

from collections.abc import Iterator, Sequence

from slipway.domain.failures import Failure, FailureClass
from slipway_executor.cluster.port import Cluster, Object
from slipway_executor.failing import OperationFailed
from slipway_executor.reconcile.readiness import Unready

LONGEST = 400
BAD_IMAGE = frozenset({"ImagePullBackOff", "ErrImagePull", "InvalidImageName", "ErrImageNeverPull"})
BAD_CONFIG = frozenset({"CreateContainerConfigError", "CreateContainerError", "RunContainerError"})


def not_ready(
    unready: Sequence[Unready], pods: Sequence[Object], warnings: Sequence[Object], *, after_sec: int
) -> Failure:
    """Return why the release is not ready: a pod's own trouble first, then a quota or scheduling event, then the object."""
    for code, kind, sentence in _pod_troubles(pods):
        return _failure(code, kind, sentence)
    for code, kind, sentence in _event_troubles(warnings):
        return _failure(code, kind, sentence)
    objects = "; ".join(f"{each.kind} {each.name} {each.reason}" for each in unready[:3])
    if any(each.hopeless for each in unready):
        return _failure("object_failed", FailureClass.TERMINAL, objects)
    return _failure("not_ready", FailureClass.TRANSIENT, f"not ready after {after_sec} s: {objects}")


def pod_trouble(pod: Object) -> str | None:
    """Return what is wrong with one pod, in one sentence, or None."""
    return next((sentence for _, _, sentence in _pod_troubles([pod])), None)


async def of_hooks(failure: Failure, pods: Sequence[Object], cluster: Cluster, namespace: str) -> Failure:
    """Return a hook's failure with what its pods say of it: Helm tells only that the Job failed or took too long.

    `pods` are the hook's own, as they were before Helm cleaned up; where they say nothing, all there are now are asked.
    The newest speaks first: an older one may tell of an earlier try.
    """
    if failure.code not in ("hook_failed", "helm_too_slow"):
        return failure
    pods = _newest_first(pods)
    troubles = [*_pod_troubles(pods), *_ended(pods)]
    if not troubles:
        try:
            pods = _newest_first(await cluster.live(namespace, {"Pod"}))
            troubles = [*_pod_troubles(pods), *_ended(pods), *_event_troubles(await cluster.warnings(namespace))]
        except OperationFailed as error:
            return _unless_away(failure, error.failure)
    if not troubles:
        return failure
    _, kind, sentence = troubles[0]
    return _failure(failure.code, kind, f"{failure.reason}: {sentence}")


def _unless_away(failure: Failure, away: Failure) -> Failure:
    """Return the failure, or that of a cluster which cannot be asked about the hook: then Helm asked in vain as well."""
    if failure.code != "hook_failed" or away.failure_class is not FailureClass.TRANSIENT:
        return failure
    return _failure(away.code, away.failure_class, f"{away.reason} ({failure.reason})")


def _newest_first(pods: Sequence[Object]) -> list[Object]:
    return sorted(pods, key=lambda pod: pod["metadata"].get("creationTimestamp", ""), reverse=True)


def _ended(pods: Sequence[Object]) -> Iterator["Trouble"]:
    """Pods that ended with an error, and what their containers left as a message."""
    for pod in pods:
        for container in pod.get("status", {}).get("containerStatuses", []):
            ended = container.get("state", {}).get("terminated", {})
            if ended.get("exitCode"):
                words = f"pod {pod['metadata']['name']}: container {container['name']} ended with exit code {ended['exitCode']}"
                yield "container_failed", FailureClass.TERMINAL, f"{words}: {ended.get('message', '')}"


Trouble = tuple[str, FailureClass, str]


def _pod_troubles(pods: Sequence[Object]) -> Iterator[Trouble]:
    for pod in pods:
        name, status = pod["metadata"]["name"], pod.get("status", {})
        for container in [*status.get("initContainerStatuses", []), *status.get("containerStatuses", [])]:
            waiting = container.get("state", {}).get("waiting", {})
            reason, where = waiting.get("reason", ""), f"pod {name}: container {container['name']}"
            if reason in BAD_IMAGE:
                words = _of_pulling(container["image"], waiting.get("message", ""))
                sentence = f"{where} cannot pull image {container['image']} ({reason}): {words}"
                yield "image_pull_failed", FailureClass.TERMINAL, sentence
            elif reason == "CrashLoopBackOff":
                yield "container_crashes", FailureClass.TERMINAL, f"{where} keeps crashing ({_last_exit(container)})"
            elif reason in BAD_CONFIG:
                yield (
                    "container_config",
                    FailureClass.TERMINAL,
                    f"{where} cannot be started ({reason}): {waiting.get('message', '')}",
                )
    for pod in pods:
        for condition in pod.get("status", {}).get("conditions", []):
            if condition["type"] == "PodScheduled" and condition["status"] == "False":
                sentence = f"pod {pod['metadata']['name']} cannot be scheduled: {condition.get('message', '')}"
                yield "unschedulable", FailureClass.TRANSIENT, sentence


def _of_pulling(image: str, message: str) -> str:
    """Return a kubelet's message from where the runtime speaks, without the image in each clause: the reason stands last."""
    spoken = message.rpartition("desc = ")[2]
    return spoken.replace(f' "{image}"', "").replace(f"{image}: ", "")


def _last_exit(container: Object) -> str:
    ended = container.get("lastState", {}).get("terminated", {})
    message = f": {ended['message']}" if ended.get("message") else ""
    return f"exit code {ended.get('exitCode', '?')}, {container.get('restartCount', 0)} restarts{message}"


def _event_troubles(warnings: Sequence[Object]) -> Iterator[Trouble]:
    for event in reversed(warnings):
        message, about = event.get("message", ""), event.get("involvedObject", {})
        where = f"{about.get('kind', 'object')} {about.get('name', '')}"
        if event.get("reason") == "FailedCreate":
            quota = "exceeded quota" in message
            code = "quota_exceeded" if quota else "create_failed"
            yield (
                code,
                FailureClass.TERMINAL if quota else FailureClass.TRANSIENT,
                f"{where} cannot create pods: {message}",
            )
        elif event.get("reason") in ("FailedMount", "FailedAttachVolume", "ProvisioningFailed"):
            yield "volume_failed", FailureClass.TRANSIENT, f"{where}: {message}"
        elif event.get("reason") == "Unhealthy":  # a kubelet's words: which probe failed, and how
            yield "probe_failed", FailureClass.TRANSIENT, f"{where}: {message}"


def _failure(code: str, kind: FailureClass, sentence: str) -> Failure:
    text = " ".join(sentence.split())
    short = text if len(text) <= LONGEST else text[: LONGEST - 1] + "…"
    return Failure(failure_class=kind, code=code, reason=short.rstrip(": "), cluster_changed=True)
