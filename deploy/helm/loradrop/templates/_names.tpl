{{/* Names, labels and images. */}}

{{- define "loradrop.name" -}}
{{- default .Chart.Name .Values.nameOverride | trunc 40 | trimSuffix "-" }}
{{- end }}

{{- define "loradrop.fullname" -}}
{{- if .Values.fullnameOverride }}
{{- .Values.fullnameOverride | trunc 40 | trimSuffix "-" }}
{{- else if contains (include "loradrop.name" .) .Release.Name }}
{{- .Release.Name | trunc 40 | trimSuffix "-" }}
{{- else }}
{{- printf "%s-%s" .Release.Name (include "loradrop.name" .) | trunc 40 | trimSuffix "-" }}
{{- end }}
{{- end }}

{{/* What never changes of a release, and picks out its pods. */}}
{{- define "loradrop.releaseSelector" -}}
app.kubernetes.io/name: {{ include "loradrop.name" . }}
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end }}

{{/* The selector of a component: (dict "root" $ "component" "api"). */}}
{{- define "loradrop.selector" -}}
{{ include "loradrop.releaseSelector" .root }}
app.kubernetes.io/component: {{ .component }}
{{- end }}

{{- define "loradrop.labels" -}}
{{ include "loradrop.selector" . }}
app.kubernetes.io/part-of: loradrop
app.kubernetes.io/version: {{ .root.Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .root.Release.Service }}
helm.sh/chart: {{ printf "%s-%s" .root.Chart.Name .root.Chart.Version | replace "+" "_" | trunc 63 | trimSuffix "-" }}
{{- with .root.Values.commonLabels }}
{{ toYaml . }}
{{- end }}
{{- end }}

{{/* Metadata of a component's pods: labels that were given come first, so that none of the chart's is lost. */}}
{{- define "loradrop.podLabels" -}}
{{- $own := include "loradrop.labels" . | fromYaml }}
{{- toYaml (merge $own .podLabels) }}
{{- end }}

{{/* (dict "root" $ "image" .Values.api.image "suffix" "") */}}
{{- define "loradrop.image" -}}
{{- $registry := required "image.registry is needed: where the images are, such as ghcr.io/your-organisation" .root.Values.image.registry | trimSuffix "/" }}
{{- if .image.digest }}
{{- printf "%s/%s@%s" $registry .image.repository .image.digest }}
{{- else }}
{{- printf "%s/%s:%s" $registry .image.repository (.image.tag | default (printf "%s%s" .root.Chart.AppVersion .suffix)) }}
{{- end }}
{{- end }}

{{- define "loradrop.apiImage" -}}
{{- include "loradrop.image" (dict "root" . "image" .Values.api.image "suffix" "") }}
{{- end }}

{{- define "loradrop.workerImage" -}}
{{- include "loradrop.image" (dict "root" . "image" .Values.worker.image "suffix" (ternary "-cuda" "-cpu" .Values.worker.gpu.enabled)) }}
{{- end }}

{{/* (dict "root" $ "component" "api" "account" .Values.api.serviceAccount) */}}
{{- define "loradrop.serviceAccount" -}}
{{- if .account.create }}
{{- .account.name | default (printf "%s-%s" (include "loradrop.fullname" .root) .component) }}
{{- else }}
{{- required (printf "%s.serviceAccount.name is needed where create is false" .component) .account.name }}
{{- end }}
{{- end }}

{{- define "loradrop.pullSecrets" -}}
{{- with .Values.image.pullSecrets }}
imagePullSecrets:
  {{- range . }}
  - name: {{ . }}
  {{- end }}
{{- end }}
{{- end }}

{{/* Peers of a network policy: anywhere, but not at link-local addresses, where clouds answer with a machine's credentials (169.254.169.254, fd00:ec2::254). Blocks of addresses do not match pods
under every network plugin, so the cluster's pods are named too. */}}
{{- define "loradrop.anywhere" -}}
- ipBlock: { cidr: 0.0.0.0/0, except: [169.254.0.0/16] }
- ipBlock: { cidr: "::/0", except: ["fe80::/10", "fd00:ec2::/32"] }
- namespaceSelector: {}
{{- end }}
