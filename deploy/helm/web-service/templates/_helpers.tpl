{{- /* The values with the user's own laid over them: a mapping with replicaCount, resources and env. */ -}}
{{- define "web-service.effective" -}}
{{- $base := dict "replicaCount" .Values.replicaCount "resources" .Values.resources "env" .Values.env -}}
{{- toYaml (mergeOverwrite (deepCopy $base) (deepCopy .Values.user)) -}}
{{- end -}}

{{- define "web-service.labels" -}}
app: {{ .Release.Name }}
app.kubernetes.io/name: {{ .Chart.Name }}
app.kubernetes.io/instance: {{ .Release.Name }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version | replace "+" "_" }}
{{- end -}}

{{- define "web-service.image" -}}
{{- if .Values.image.digest -}}
{{ .Values.image.repository }}@{{ .Values.image.digest }}
{{- else -}}
{{ .Values.image.repository }}:{{ .Values.image.tag }}
{{- end -}}
{{- end -}}

{{- /* The names of the variables that are secret, or of those that are not: (dict "env" … "secret" true). */ -}}
{{- define "web-service.variables" -}}
{{- range $key, $_ := .env }}{{ if eq $.secret (not (not (include "web-service.isSecret" $key))) }}{{ $key }} {{ end }}{{ end -}}
{{- end -}}

{{- /* A value as text. Helm reads numbers as floating-point: a whole one is written without an exponent. */ -}}
{{- define "web-service.text" -}}
{{- if and (kindIs "float64" .) (eq . (floor .)) }}{{ printf "%.0f" . }}{{ else }}{{ toString . }}{{ end -}}
{{- end -}}

{{- define "web-service.isSecret" -}}
{{- if regexMatch "_(KEY|KEYS|URL|PASSWORD|TOKEN|SECRET|HEADERS)$" . -}}true{{- end -}}
{{- end -}}
