{{- /* What each component is told. Each takes (dict "root" $ "name" "api") unless said otherwise. */ -}}

{{- /* "true" for a variable whose value belongs in a Secret; takes its name. */ -}}
{{- define "slipway.isSecret" -}}
{{- if regexMatch "_(KEY|KEYS|URL|PASSWORD|TOKEN|SECRET|HEADERS)$" . -}}true{{- end -}}
{{- end -}}

{{- /* A value as text. Helm reads numbers as floating-point: a whole one is written without an exponent. */ -}}
{{- define "slipway.text" -}}
{{- if and (kindIs "float64" .) (eq . (floor .)) }}{{ printf "%.0f" . }}{{ else }}{{ toString . }}{{ end -}}
{{- end -}}

{{- /* All variables of a component, as YAML. A variable of the services' settings goes only to those that have it. */ -}}
{{- define "slipway.environment" -}}
{{- $known := .root.Files.Get "files/variables.json" | fromJson -}}
{{- $mine := get $known .name | default list -}}
{{- $everyones := list -}}
{{- range $name, $variables := $known }}{{ $everyones = concat $everyones $variables }}{{ end -}}
{{- $own := (get .root.Values .name).env | default dict -}}
{{- $found := dict -}}
{{- range $key, $value := mergeOverwrite (deepCopy .root.Values.env) $own -}}
{{- $text := include "slipway.text" $value -}}
{{- if or (has $key $mine) (and (not (has $key $everyones)) (ne $text "")) -}}
{{- $_ := set $found $key $text -}}
{{- end -}}
{{- end -}}
{{- range $key, $value := include "slipway.derived" . | fromYaml -}}
{{- if not (get $found $key) }}{{ $_ := set $found $key $value }}{{ end -}}
{{- end -}}
{{- toYaml $found -}}
{{- end -}}

{{- /* What the chart knows by itself, for variables that were left empty; as YAML. */ -}}
{{- define "slipway.derived" -}}
{{- $port := (include "slipway.effective" . | fromYaml).containerPort | int -}}
{{- if eq .name "console" }}
SLIPWAY_API_ADDRESS: {{ printf "%s:%d" (include "slipway.name" (dict "root" .root "name" "api")) ((include "slipway.effective" (dict "root" .root "name" "api") | fromYaml).service.port | int) }}
SLIPWAY_HTTP_PORT: {{ $port | quote }}
SLIPWAY_BEHIND_PROXY: {{ include "slipway.behindIngress" .root | default "false" | quote }}
{{- else }}
SLIPWAY_HTTP_HOST: 0.0.0.0
SLIPWAY_HTTP_PORT: {{ $port | quote }}
{{- if and .root.Values.nats.enabled (ne .name "console") }}
NATS_URL: {{ printf "nats://%s:%s@%s:4222" (include "slipway.natsUser" .) (include "slipway.kept" (dict "root" .root "key" (printf "NATS_%s_PASSWORD" (upper .name)))) (include "slipway.name" (dict "root" .root "name" "nats")) }}
{{- end }}
{{- if eq .name "executor" }}
SLIPWAY_CACHE_DIR: /cache
{{- include "slipway.helmMemory" . }}
{{- else if include "slipway.ownerUrl" .root }}
DATABASE_URL: {{ include "slipway.withLogin" (dict "url" (include "slipway.ownerUrl" .root) "user" (include "slipway.login" .) "password" (include "slipway.kept" (dict "root" .root "key" (printf "%s_DATABASE_PASSWORD" (upper .name))))) | quote }}
{{- end }}
{{- if eq .name "api" }}
JWT_SECRET_KEY: {{ include "slipway.kept" (dict "root" .root "key" "JWT_SECRET_KEY") }}
FRONTEND_URL: {{ include "slipway.consoleUrl" .root | quote }}
SLIPWAY_TRUSTED_PROXIES: {{ include "slipway.trustedProxies" .root | quote }}
{{- end }}
{{- end }}
{{- end -}}

{{- /* Where the Ingress answers, empty when that is not known; takes the root. */ -}}
{{- define "slipway.consoleUrl" -}}
{{- with .Values.ingress -}}
{{- if and .className .host (not (contains "*" .host)) }}{{ ternary "https" "http" (ne .tlsSecretName "") }}://{{ .host }}{{ end -}}
{{- end -}}
{{- end -}}

{{- /* "true" where the console is reached through its Ingress only, so that its word on who asks is no stranger's; takes the root. */ -}}
{{- define "slipway.behindIngress" -}}
{{- if and .Values.ingress.className (eq (include "slipway.effective" (dict "root" . "name" "console") | fromYaml).service.type "ClusterIP") -}}true{{- end -}}
{{- end -}}

{{- /* Networks of the console's pods and of what stands before them, comma-separated; takes the root. What comes to a node from outside
may enter the cluster with one of these addresses: an API that can be reached so believes nobody by itself. */ -}}
{{- define "slipway.trustedProxies" -}}
{{- $networks := .Values.trustedProxies -}}
{{- $api := include "slipway.effective" (dict "root" . "name" "api") | fromYaml -}}
{{- if and (not $networks) .Values.console.enabled .Values.rbac.create (eq $api.service.type "ClusterIP") -}}
{{- range (lookup "v1" "Node" "" "").items }}{{ $networks = concat $networks (.spec.podCIDRs | default list) }}{{ end -}}
{{- end -}}
{{- $networks | uniq | sortAlpha | join "," -}}
{{- end -}}

{{- /* Memory for one operation of Helm: what the pod's limit leaves beside the executor itself, for as many as run at once. */ -}}
{{- define "slipway.helmMemory" -}}
{{- $limits := (include "slipway.effective" . | fromYaml).resources.limits | default dict -}}
{{- $told := mergeOverwrite (deepCopy .root.Values.env) (.root.Values.executor.env | default dict) -}}
{{- if and $limits.memory (not (get $told "SLIPWAY_HELM_MEMORY_MIB")) -}}
{{- $slots := get $told "SLIPWAY_SLOTS" | default 4 | int -}}
{{- $each := div (sub (include "slipway.mebibytes" $limits.memory | int) 128) (max $slots 1) -}}
{{- if lt $each 64 -}}
{{- fail (printf "executor.resources.limits.memory: %v is too little: 128Mi for itself and 64Mi for each of %d operations at once; raise it, or set executor.env.SLIPWAY_SLOTS lower" $limits.memory $slots) -}}
{{- end }}
SLIPWAY_HELM_MEMORY_MIB: {{ $each | quote }}
{{- end -}}
{{- end -}}

{{- /* A quantity of bytes, in whole MiB. */ -}}
{{- define "slipway.mebibytes" -}}
{{- $text := kindIs "string" . | ternary (toString .) (printf "%.0f" (float64 .)) -}}
{{- $number := regexFind "^[0-9.]+" $text -}}
{{- $unit := regexFind "[A-Za-z]*$" $text -}}
{{- $bytes := dict "" 1.0 "k" 1e3 "M" 1e6 "G" 1e9 "T" 1e12 "Ki" 1024.0 "Mi" 1048576.0 "Gi" 1073741824.0 "Ti" 1099511627776.0 -}}
{{- divf (mulf (float64 $number) (get $bytes $unit | default 1.0)) 1048576.0 | floor | int -}}
{{- end -}}

{{- /* Name of the component's user in the in-tree NATS. */ -}}
{{- define "slipway.natsUser" -}}
{{- if eq .name "executor" }}executor-{{ include "slipway.cluster" .root }}{{ else }}{{ .name }}{{ end -}}
{{- end -}}

{{- /* Name of the cluster that the executors serve; takes the root. */ -}}
{{- define "slipway.cluster" -}}
{{- mergeOverwrite (deepCopy .Values.env) (.Values.executor.env | default dict) | dig "SLIPWAY_CLUSTER" "local" -}}
{{- end -}}

{{- /* URL of the login that owns the schema; takes the root. Empty: API and scheduler are given theirs as they are. */ -}}
{{- define "slipway.ownerUrl" -}}
{{- if .Values.migrations.env.DATABASE_URL -}}
{{ .Values.migrations.env.DATABASE_URL }}
{{- else if .Values.postgresql.enabled -}}
{{ printf "postgresql://postgres:%s@%s:5432/slipway" (include "slipway.kept" (dict "root" . "key" "POSTGRES_PASSWORD")) (include "slipway.name" (dict "root" . "name" "postgresql")) }}
{{- end -}}
{{- end -}}

{{- /* A service's PostgreSQL login. Roles belong to the server, a database to one release: so it is named after the database. */ -}}
{{- define "slipway.login" -}}
{{- $database := (urlParse (include "slipway.ownerUrl" .root)).path | trimPrefix "/" | default "slipway" -}}
{{- printf "%s_%s_login" (regexReplaceAll "[^A-Za-z0-9_-]" $database "_" | trunc 46) .name -}}
{{- end -}}

{{- /* A URL with another user and password; takes url, user and password. */ -}}
{{- define "slipway.withLogin" -}}
{{- $parts := urlParse .url -}}
{{- $_ := set $parts "userinfo" (printf "%s:%s" .user .password) -}}
{{- urlJoin $parts -}}
{{- end -}}

{{- /* A secret that was made once: read from the release's Secret, else random; takes root and key. */ -}}
{{- define "slipway.kept" -}}
{{- if not (hasKey .root.Values "keptOnce") -}}
{{- $stored := (lookup "v1" "Secret" .root.Release.Namespace (include "slipway.name" (dict "root" .root "name" "kept"))).data | default dict -}}
{{- $all := dict -}}
{{- range list "JWT_SECRET_KEY" "SLIPWAY_ADMIN_PASSWORD" "API_DATABASE_PASSWORD" "SCHEDULER_DATABASE_PASSWORD"
    "NATS_API_PASSWORD" "NATS_SCHEDULER_PASSWORD" "NATS_EXECUTOR_PASSWORD" "NATS_AUDIT_PASSWORD" "POSTGRES_PASSWORD" -}}
{{- $_ := set $all . (get $stored . | b64dec | default (randAlphaNum 40)) -}}
{{- end -}}
{{- $_ := set .root.Values "keptOnce" $all -}}
{{- end -}}
{{- get .root.Values.keptOnce .key -}}
{{- end -}}
