"""Charts that hold Helm still at a chosen place until a test opens the gate."""

from typing import Any

from slipway.dev.stack import Stack
from tests.e2e import charts
from tests.e2e.watching import Watcher

_GATE = """\
apiVersion: batch/v1
kind: Job
metadata:
  name: gate
  annotations:
    helm.sh/hook: %s
    helm.sh/hook-delete-policy: before-hook-creation
spec:
  suspend: {{ not (lookup "v1" "ConfigMap" .Release.Namespace "go-on") }}
  template:
    spec:
      restartPolicy: Never
      containers:
      - name: gate
        image: registry.example.org/gate:1
"""
_MANY = """\
{{- range until %d }}
---
apiVersion: v1
kind: ConfigMap
metadata:
  name: many-{{ . }}
data:
  n: {{ . | quote }}
{{- end }}
"""


async def gated(stack: Stack, when: str) -> dict[str, Any]:
    """Return a template whose Helm waits in a hook: `pre-install` before any object, `post-install` after all of them."""
    return await charts.push(stack, {"templates/app.yaml": charts.APP, "templates/gate.yaml": _GATE % when})


async def many(stack: Stack, count: int) -> dict[str, Any]:
    """Return a template of many objects; Helm writes a burst of them, and then a few each second."""
    return await charts.push(stack, {"templates/many.yaml": _MANY % count})


async def open_gate(watcher: Watcher, namespace: str) -> None:
    """Let Helm go on, now and in later tries."""
    await watcher.run("kubectl", "create", "configmap", "go-on", "--namespace", namespace)
    patch = '[{"op": "replace", "path": "/spec/suspend", "value": false}]'
    await watcher.run("kubectl", "patch", "job", "gate", "-n", namespace, "--type=json", "-p", patch)
