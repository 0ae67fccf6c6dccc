{{- define "mlpolicy.fullname" -}}
{{- if .Values.fullnameOverride -}}
{{- .Values.fullnameOverride | trunc 53 | trimSuffix "-" -}}
{{- else -}}
{{- $name := default .Chart.Name .Values.nameOverride -}}
{{- if contains $name .Release.Name -}}
{{- .Release.Name | trunc 53 | trimSuffix "-" -}}
{{- else -}}
{{- printf "%s-%s" .Release.Name $name | trunc 53 | trimSuffix "-" -}}
{{- end -}}
{{- end -}}
{{- end -}}

{{- define "mlpolicy.selectorLabels" -}}
app.kubernetes.io/name: {{ default .Chart.Name .Values.nameOverride }}
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end -}}

{{- define "mlpolicy.labels" -}}
{{ include "mlpolicy.selectorLabels" . }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version | replace "+" "_" }}
{{- end -}}

{{- define "mlpolicy.image" -}}
{{- if .Values.image.digest -}}
{{ .Values.image.repository }}@{{ .Values.image.digest }}
{{- else -}}
{{ .Values.image.repository }}:{{ default .Chart.AppVersion .Values.image.tag }}
{{- end -}}
{{- end -}}

{{/* The Secret with the certificate. */}}
{{- define "mlpolicy.tlsSecret" -}}
{{- if eq .Values.certificate.mode "existing" -}}
{{ .Values.certificate.existing.secretName }}
{{- else if eq .Values.certificate.mode "generated" -}}
{{ include "mlpolicy.fullname" . }}-generated-tls
{{- else -}}
{{ include "mlpolicy.fullname" . }}-tls
{{- end -}}
{{- end -}}

{{/* The names by which the API server may call the webhook. */}}
{{- define "mlpolicy.dnsNames" -}}
{{- $service := printf "%s.%s" (include "mlpolicy.fullname" .) .Release.Namespace -}}
- {{ $service }}.svc
- {{ $service }}.svc.cluster.local
{{- end -}}

{{/* Nine tenths of the memory limit, so that Go collects garbage before the kernel kills the process. */}}
{{- define "mlpolicy.goMemLimit" -}}
{{- $limit := .Values.resources.limits.memory -}}
{{- $mebibytes := trimSuffix "Mi" $limit | int64 -}}
{{- if hasSuffix "Gi" $limit -}}
{{- $mebibytes = mul 1024 (trimSuffix "Gi" $limit | int64) -}}
{{- end -}}
{{ div (mul $mebibytes 9) 10 }}MiB
{{- end -}}

{{/*
The generated certificate: the one in the cluster's Secret while it has more than 60 days left and revision is the same, else
a new one issued by a new CA. Its private key is in the Secret and, since Helm stores what it renders, in Helm's record of
each revision of the release, also a Secret, from which helm rollback takes the certificate. The CA's key is not kept.
Returns cert, key, ca, previousCA (trusted until the pods have the new certificate), notAfter and revision.
*/}}
{{- define "mlpolicy.generated" -}}
{{- $revision := .Values.certificate.generated.revision | toString -}}
{{- $secret := lookup "v1" "Secret" .Release.Namespace (include "mlpolicy.tlsSecret" .) -}}
{{- $made := dig "metadata" "annotations" dict $secret -}}
{{- $notAfter := index $made "mlpolicy.dev/not-after" | default "0" | int64 -}}
{{- $left := sub $notAfter (now | unixEpoch | int64) -}}
{{- if and (gt $left (mul 60 86400)) (eq (index $made "mlpolicy.dev/revision") $revision) -}}
cert: {{ index $secret.data "tls.crt" }}
key: {{ index $secret.data "tls.key" }}
ca: {{ index $secret.data "ca.crt" }}
previousCA: ""
notAfter: {{ $notAfter | toString | quote }}
revision: {{ $revision | quote }}
{{- else -}}
{{- $days := .Values.certificate.generated.validDays | int -}}
{{- $names := include "mlpolicy.dnsNames" . | fromYamlArray -}}
{{- $ca := genCAWithKey (printf "%s CA" (include "mlpolicy.fullname" .)) $days (genPrivateKey "ecdsa") -}}
{{- $leaf := genSignedCertWithKey (first $names) nil $names $days $ca (genPrivateKey "ecdsa") -}}
cert: {{ $leaf.Cert | b64enc }}
key: {{ $leaf.Key | b64enc }}
ca: {{ $ca.Cert | b64enc }}
previousCA: {{ dig "data" "ca.crt" "" $secret | quote }}
notAfter: {{ add (now | unixEpoch | int64) (mul $days 86400) | toString | quote }}
revision: {{ $revision | quote }}
{{- end -}}
{{- end -}}
