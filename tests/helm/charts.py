"""Archives of charts that tests make up."""

import io
import tarfile
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from slipway_executor.helm.port import Deadline, Release

RELEASE = "app"


def packed(folder: Path, files: Mapping[str, str], *, name: str = "chart", chart: str = "") -> Path:
    """Write an archive of these files; `chart` is what Chart.yaml says beside name and version."""
    whole = {"Chart.yaml": f"apiVersion: v2\nname: {name}\nversion: 1.0.0\n{chart}", **files}
    path = folder / f"{name}-{abs(hash(tuple(sorted(whole.items()))))}.tgz"
    with tarfile.open(path, "w:gz") as archive:
        for inner, text in sorted(whole.items()):
            entry = tarfile.TarInfo(f"{name}/{inner}")
            entry.size = len(text.encode())
            archive.addfile(entry, io.BytesIO(text.encode()))
    return path


def config_map(name: str, *, data: str = "{}", annotations: str = "{}") -> str:
    return (
        f"---\napiVersion: v1\nkind: ConfigMap\nmetadata: {{name: {name}, annotations: {annotations}}}\ndata: {data}\n"
    )


def job(name: str, hook: str, *, fails: bool = False, more: str = "") -> str:
    """Return a hook that ends at once; one that fails has a deadline, and an image that is never pulled."""
    image = "registry.example.org/slipway-test/pull-fails:1" if fails else "registry.example.org/ends:1"
    limit = "activeDeadlineSeconds: 1" if fails else "backoffLimit: 0"
    return f"""---
apiVersion: batch/v1
kind: Job
metadata:
  name: {name}
  annotations: {{helm.sh/hook: "{hook}"{more}}}
spec:
  {limit}
  template:
    spec:
      restartPolicy: Never
      containers: [{{name: main, image: {image}}}]
"""


def deployment(name: str = "web", *, label: str = "web", more: str = "") -> str:
    return f"""---
apiVersion: apps/v1
kind: Deployment
metadata: {{name: {name}}}
spec:
  replicas: {{{{ .Values.replicas | default 1 }}}}
  selector: {{matchLabels: {{app: {label}}}}}
  {more}
  template:
    metadata: {{labels: {{app: {label}}}}}
    spec:
      containers: [{{name: main, image: "registry.example.org/app:1"}}]
"""


def release(chart: Path, namespace: str, **fields: Any) -> Release:
    """Return a release with Slipway's labels and short hooks."""
    labels = {"slipway-gen": "1", "slipway-digest": "0" * 40, "slipway-fence": "7"}
    whole: dict[str, Any] = {"values": {}, "labels": labels, "hook_timeout_sec": 60, **fields}
    return Release(name=RELEASE, namespace=namespace, chart=chart, **whole)


def within(seconds: float = 120.0) -> Deadline:
    return Deadline(time.clock_gettime(time.CLOCK_BOOTTIME) + seconds)
