{{/* Name of the release's objects. */}}
{{- define "taskhub.fullname" -}}
{{- if .Values.fullnameOverride -}}
{{- .Values.fullnameOverride | trunc 40 | trimSuffix "-" -}}
{{- else -}}
{{- $name := default .Chart.Name .Values.nameOverride -}}
{{- if contains $name .Release.Name -}}
{{- .Release.Name | trunc 40 | trimSuffix "-" -}}
{{- else -}}
{{- printf "%s-%s" .Release.Name $name | trunc 40 | trimSuffix "-" -}}
{{- end -}}
{{- end -}}
{{- end -}}

{{/* Labels by which pods are selected; they never change. */}}
{{- define "taskhub.selector" -}}
app.kubernetes.io/name: {{ default .Chart.Name .Values.nameOverride }}
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end -}}

{{- define "taskhub.labels" -}}
{{ include "taskhub.selector" . }}
app.kubernetes.io/version: {{ .Values.image.tag | default .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version | replace "+" "_" }}
{{- end -}}

{{- define "taskhub.serviceAccount" -}}
{{- if .Values.serviceAccount.create -}}
{{- .Values.serviceAccount.name | default (include "taskhub.fullname" .) -}}
{{- else -}}
{{- .Values.serviceAccount.name | default "default" -}}
{{- end -}}
{{- end -}}

{{/* Names what must be given, before anything is made. */}}
{{- define "taskhub.check" -}}
{{- if not .Values.image.repository -}}
{{- fail "image.repository is missing: name an image with your app" -}}
{{- end -}}
{{- if not .Values.app -}}
{{- fail "app is missing: name your app, as for `taskhub -A`" -}}
{{- end -}}
{{- if not (or .Values.store.existingSecret .Values.store.url) -}}
{{- fail "the store is missing: set store.existingSecret (a Secret with the key url), or store.url" -}}
{{- end -}}
{{- if and .Values.dashboard.enabled (not .Values.dashboard.existingSecret) -}}
{{- fail "dashboard.existingSecret is missing: name a Secret with the keys users and secret, or set dashboard.enabled=false" -}}
{{- end -}}
{{- $seen := dict -}}
{{- range .Values.workers -}}
{{- if hasKey $seen .name -}}
{{- fail (printf "workers: two of them are named %s" .name) -}}
{{- end -}}
{{- $_ := set $seen .name true -}}
{{- $worker := mergeOverwrite (deepCopy $.Values.workerDefaults) (deepCopy .) -}}
{{- if gt (int $worker.autoscaling.minReplicas) (int $worker.autoscaling.maxReplicas) -}}
{{- fail (printf "worker %s: autoscaling.minReplicas is greater than maxReplicas" .name) -}}
{{- end -}}
{{- if eq $worker.autoscaling.kind "keda" -}}
{{- if not $worker.queues -}}
{{- fail (printf "worker %s: autoscaling by keda needs queues: KEDA asks for each of them" .name) -}}
{{- end -}}
{{- if not $.Values.dashboard.enabled -}}
{{- fail (printf "worker %s: autoscaling by keda needs the dashboard, whose API KEDA asks: set dashboard.enabled=true" .name) -}}
{{- end -}}
{{- if not $.Values.keda.existingSecret -}}
{{- fail "keda.existingSecret is missing: name a Secret with the key token, of `taskhub web token keda`" -}}
{{- end -}}
{{- end -}}
{{- if and (eq $worker.autoscaling.kind "hpa") (lt (int $worker.autoscaling.minReplicas) 1) -}}
{{- fail (printf "worker %s: autoscaling by hpa needs minReplicas of at least 1; keda can scale to 0" .name) -}}
{{- end -}}
{{- end -}}
{{- end -}}

{{- define "taskhub.image" -}}
{{- printf "%s:%s" .Values.image.repository (.Values.image.tag | default .Chart.AppVersion) -}}
{{- end -}}

{{/* Environment of every container; `env` is that of one component. */}}
{{- define "taskhub.environment" -}}
env:
  - name: TASKHUB_APP
    value: {{ .root.Values.app | quote }}
  - name: TASKHUB_BROKER_URL
    valueFrom:
      secretKeyRef:
        name: {{ .root.Values.store.existingSecret | default (printf "%s-store" (include "taskhub.fullname" .root)) }}
        key: {{ ternary .root.Values.store.existingSecretKey "url" (not (empty .root.Values.store.existingSecret)) }}
  {{- with concat .root.Values.env (.env | default list) }}
  {{- toYaml . | nindent 2 }}
  {{- end }}
{{- with .root.Values.envFrom }}
envFrom:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- end -}}

{{/* What the pods of all components have. */}}
{{- define "taskhub.pod" -}}
serviceAccountName: {{ include "taskhub.serviceAccount" . }}
automountServiceAccountToken: false
{{- with .Values.image.pullSecrets }}
imagePullSecrets:
  {{- range . }}
  - name: {{ . }}
  {{- end }}
{{- end }}
securityContext:
  {{- toYaml .Values.podSecurityContext | nindent 2 }}
{{- end -}}

{{- define "taskhub.container" -}}
image: {{ include "taskhub.image" . }}
imagePullPolicy: {{ .Values.image.pullPolicy }}
securityContext:
  {{- toYaml .Values.securityContext | nindent 2 }}
{{- end -}}

{{/* Changes with a Secret that the chart makes, so that pods are replaced with it. */}}
{{- define "taskhub.annotations" -}}
{{- if and .Values.store.url (not .Values.store.existingSecret) -}}
checksum/store: {{ .Values.store.url | sha256sum }}
{{- end -}}
{{- end -}}
