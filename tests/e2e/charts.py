"""Charts that tests make up, pushed to the local registry."""

import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from slipway.dev import samples
from slipway.dev.stack import Stack
from slipway.identity import new_id

APP = """\
{{- if .Values.user.enabled }}
apiVersion: apps/v1
kind: Deployment
metadata:
  name: web
spec:
  replicas: {{ .Values.user.replicas }}
  selector: {matchLabels: {app: web}}
  template:
    metadata:
      labels: {app: web}
    spec:
      containers:
      - name: web
        image: {{ .Values.user.image | quote }}
        {{- with .Values.user.secretName }}
        env:
        - name: PASSWORD
          valueFrom: {secretKeyRef: {name: {{ . | quote }}, key: {{ $.Values.user.secretKey | quote }}}}
        {{- end }}
---
apiVersion: v1
kind: ConfigMap
metadata:
  name: settings
data:
  colour: {{ .Values.user.colour | quote }}
{{- end }}
"""
VALUES = """\
user: {enabled: true, replicas: 1, image: registry.example.org/app:1, colour: blue, secretName: "", secretKey: ""}
slipway: {}
"""
OPEN = {"properties": {"user": {"type": "object"}}}
"""A schema that lets a user set anything in the user's place."""


async def push(stack: Stack, files: Mapping[str, str], *, name: str = "", version: str = "1.0.0") -> dict[str, Any]:
    """Push a chart of these files (templates by path, beside Chart.yaml); return the template fields that name it."""
    name = name or f"chart-{new_id().hex[-8:]}"
    with tempfile.TemporaryDirectory() as folder:
        chart = Path(folder) / name
        for path, content in {"values.yaml": VALUES, **files}.items():
            (chart / path).parent.mkdir(parents=True, exist_ok=True)
            (chart / path).write_text(content)
        (chart / "Chart.yaml").write_text(f"apiVersion: v2\nname: {name}\nversion: {version}\n")
        reference, version, digest = await samples.push_chart(stack, chart)
    return {
        "chart_ref": reference, "chart_version": version, "chart_digest": digest, "values_schema_json": OPEN,
    }  # fmt: skip


async def app(stack: Stack, **fields: Any) -> dict[str, Any]:
    """Push the plain application; return a template of it with further fields."""
    return {
        **await push(stack, {"templates/app.yaml": APP, "templates/NOTES.txt": "visit {{ .Release.Name }}"}),
        **fields,
    }
