{{- /* The data volume of a trial server: a claim, or a folder that goes with the pod. Both take the server's persistence. */ -}}
{{- define "slipway.dataVolume" -}}
{{- if not .enabled }}
- name: data
  emptyDir:
    sizeLimit: {{ .size }}
{{- end }}
{{- end -}}

{{- define "slipway.dataClaim" -}}
{{- if .enabled }}
volumeClaimTemplates:
- metadata:
    name: data
  spec:
    accessModes: [ReadWriteOnce]
    {{- with .storageClassName }}
    storageClassName: {{ . }}
    {{- end }}
    resources:
      requests:
        storage: {{ .size }}
{{- end }}
{{- end -}}
