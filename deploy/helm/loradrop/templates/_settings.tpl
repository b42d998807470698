{{/* Settings of hosts, by the environment. They stand in the pods themselves, so that a change of one rolls the pods, and the migrations have them before anything else of the release is there. */}}

{{/* Variables from maps of settings as docs/operations.md has them ("Leases:Length"); later maps win, and case does not count. */}}
{{- define "loradrop.variables" -}}
{{- $variables := dict }}
{{- range $settings := . }}
{{- range $setting, $value := $settings }}
{{- if has (lower $setting) (list "database:connectionstring" "objects:accesskey" "objects:secretkey") }}
{{- fail (printf "%s is a secret, not a value: use an existing secret (database.existingSecret, objects.existingSecret)" $setting) }}
{{- end }}
{{- $_ := set $variables ($setting | upper | replace ":" "__") (ternary (include "loradrop.number" $value) ($value | toString) (kindIs "float64" $value)) }}
{{- end }}
{{- end }}
{{- range $name, $value := $variables }}
- name: LORADROP_{{ $name }}
  value: {{ $value | quote }}
{{- end }}
{{- end }}

{{/* A number as it is written: Helm reads large ones as floating point. */}}
{{- define "loradrop.number" -}}
{{- if and (kindIs "float64" .) (eq (float64 .) (float64 (int64 .))) }}{{ int64 . }}{{ else }}{{ . }}{{ end }}
{{- end }}

{{/* What is the same for all hosts: a map as YAML. */}}
{{- define "loradrop.commonSettings" -}}
{{- $objects := .Values.objects }}
Log:Level: {{ .Values.log.level }}
Log:Json: "true"
Database:MaxConnections: {{ include "loradrop.number" .Values.database.maxConnections | quote }}
Objects:Bucket: {{ required "objects.bucket is needed: the bucket that holds what jobs need and leave" $objects.bucket | quote }}
Objects:Region: {{ $objects.region | quote }}
Objects:Presign: {{ $objects.presign | quote }}
{{- with $objects.endpoint }}
Objects:Endpoint: {{ . | quote }}
{{- end }}
{{- with $objects.prefix }}
Objects:Prefix: {{ . | quote }}
{{- end }}
{{- with $objects.publicEndpoint }}
Objects:PublicEndpoint: {{ . | quote }}
{{- end }}
{{- range $index, $bucket := .Values.sourceBuckets }}
Sources:S3Buckets:{{ $index }}: {{ $bucket | quote }}
{{- end }}
{{- end }}

{{/* Variables that come from secrets that exist. */}}
{{- define "loradrop.databaseSecret" -}}
- name: LORADROP_DATABASE__CONNECTIONSTRING
  valueFrom:
    secretKeyRef:
      name: {{ required "database.existingSecret is needed: a secret with the connection string" .Values.database.existingSecret }}
      key: {{ .Values.database.connectionStringKey }}
{{- end }}

{{- define "loradrop.otherSecrets" -}}
{{- with .Values.objects }}
{{- if .existingSecret }}
- name: LORADROP_OBJECTS__ACCESSKEY
  valueFrom:
    secretKeyRef:
      name: {{ .existingSecret }}
      key: {{ .accessKeyKey }}
- name: LORADROP_OBJECTS__SECRETKEY
  valueFrom:
    secretKeyRef:
      name: {{ .existingSecret }}
      key: {{ .secretKeyKey }}
{{- end }}
{{- end }}
{{- with .Values.hub }}
{{- if .existingSecret }}
- name: HF_TOKEN
  valueFrom:
    secretKeyRef:
      name: {{ .existingSecret }}
      key: {{ .tokenKey }}
{{- end }}
{{- with .endpoint }}
- name: HF_ENDPOINT
  value: {{ . | quote }}
{{- end }}
{{- end }}
{{- end }}

{{/* The variables of a host: (dict "root" $ "own" (what the chart says of it) "host" .Values.api). What is given in "settings" wins. */}}
{{- define "loradrop.environment" -}}
{{- include "loradrop.databaseSecret" .root }}
{{- with include "loradrop.otherSecrets" .root }}
{{ . | trim }}
{{- end }}
{{- include "loradrop.variables" (list (include "loradrop.commonSettings" .root | fromYaml) .own .root.Values.settings .host.settings) }}
{{- with .host.extraEnv }}
{{ toYaml . }}
{{- end }}
{{- end }}

{{/* The parts of a pod that values give as they are. */}}
{{- define "loradrop.scheduling" -}}
{{- with .nodeSelector }}
nodeSelector:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- with .priorityClassName }}
priorityClassName: {{ . }}
{{- end }}
{{- with .schedulerName }}
schedulerName: {{ . }}
{{- end }}
{{- with .extraInitContainers }}
initContainers:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- end }}
