{{- /* Names and effective values of components. Each takes (dict "root" $ "name" "api") unless said otherwise. */ -}}

{{- /* Name of the release's objects; takes the root. Short enough for every suffix, and for the label of a StatefulSet's revision. */ -}}
{{- define "slipway.fullname" -}}
{{- default .Release.Name .Values.fullnameOverride | trunc 40 | trimSuffix "-" -}}
{{- end -}}

{{- define "slipway.name" -}}
{{- printf "%s-%s" (include "slipway.fullname" .root) .name -}}
{{- end -}}

{{- /* YAML list of the components that run; takes the root. */ -}}
{{- define "slipway.components" -}}
{{- range list "api" "scheduler" "executor" "console" }}
{{- if (get $.Values .).enabled }}
- {{ . }}
{{- end }}
{{- end }}
{{- end -}}

{{- /* The top-level values with the component's own laid over them, as YAML. */ -}}
{{- define "slipway.effective" -}}
{{- $shared := pick .root.Values "replicaCount" "image" "imagePullSecrets" "service" "containerPort" "resources"
    "nodeSelector" "tolerations" "affinity" "extraVolumes" "extraVolumeMounts" "podDisruptionBudget" "networkPolicy" -}}
{{- if has .name (list "api" "scheduler") -}}
{{- /* Not for executors and console: it holds a database's password and the signing key. */ -}}
{{- $_ := set $shared "existingSecret" .root.Values.existingSecret -}}
{{- end -}}
{{- $values := mergeOverwrite (deepCopy $shared) (deepCopy (get .root.Values .name)) -}}
{{- if not $values.service.type -}}
{{- $_ := set $values.service "type" (and .root.Values.ingress.className (not $values.service.nodePort) | empty | ternary "NodePort" "ClusterIP") -}}
{{- end -}}
{{- toYaml $values -}}
{{- end -}}

{{- define "slipway.image" -}}
{{- $own := (get .root.Values .name).image | default dict -}}
{{- $image := (include "slipway.effective" . | fromYaml).image -}}
{{- $repository := $own.repository | default (printf "%s/%s" .root.Values.image.repository .name) -}}
{{- if $image.digest -}}
{{ $repository }}@{{ $image.digest }}
{{- else -}}
{{ $repository }}:{{ $image.tag }}
{{- end -}}
{{- end -}}

{{- /* Where a pod may run and how its images are pulled; takes effective values. */ -}}
{{- define "slipway.placement" -}}
{{- with .imagePullSecrets }}
imagePullSecrets:
  {{- range . }}
  - name: {{ . }}
  {{- end }}
{{- end }}
{{- range $key, $value := pick . "nodeSelector" "tolerations" "affinity" }}
{{- with $value }}
{{ $key }}:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- end }}
{{- end -}}

{{- define "slipway.labels" -}}
app: {{ include "slipway.name" . }}
app.kubernetes.io/name: {{ .root.Chart.Name }}
app.kubernetes.io/instance: {{ .root.Release.Name }}
app.kubernetes.io/component: {{ .name }}
app.kubernetes.io/part-of: slipway
app.kubernetes.io/version: {{ .root.Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .root.Release.Service }}
helm.sh/chart: {{ printf "%s-%s" .root.Chart.Name .root.Chart.Version | replace "+" "_" }}
{{- end -}}

{{- /* Rules of a pod; takes the root. They meet the pod security level `restricted`. */ -}}
{{- define "slipway.podSecurity" -}}
runAsNonRoot: true
runAsUser: 10001
runAsGroup: 10001
fsGroup: 10001
seccompProfile:
  type: RuntimeDefault
{{- end -}}

{{- define "slipway.containerSecurity" -}}
allowPrivilegeEscalation: false
readOnlyRootFilesystem: true
capabilities:
  drop: [ALL]
{{- end -}}
