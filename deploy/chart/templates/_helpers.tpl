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

{{/* Labels of every object: the chart's own, which commonLabels cannot change, and commonLabels. */}}
{{- define "mlpolicy.labels" -}}
{{ include "mlpolicy.selectorLabels" . }}
{{ include "mlpolicy.furtherLabels" . }}
{{- end -}}

{{/* The same without the labels that select the pods. */}}
{{- define "mlpolicy.furtherLabels" -}}
{{- $own := dict
  "app.kubernetes.io/version" .Chart.AppVersion
  "app.kubernetes.io/managed-by" .Release.Service
  "helm.sh/chart" (printf "%s-%s" .Chart.Name .Chart.Version | replace "+" "_")
-}}
{{- range $key, $_ := .Values.commonLabels -}}
{{- if or (hasKey $own $key) (has $key (list "app.kubernetes.io/name" "app.kubernetes.io/instance")) -}}
{{- fail (printf "commonLabels: the chart sets %s itself: use another key" $key) -}}
{{- end -}}
{{- end -}}
{{ merge $own (.Values.commonLabels | default dict) | toYaml }}
{{- end -}}

{{/*
Labels of a hook's pods. Their name differs from that of the webhook's pods, so that Service, PodDisruptionBudget and
NetworkPolicy do not select them. Takes the root and the hook's name.
*/}}
{{- define "mlpolicy.hookLabels" -}}
app.kubernetes.io/name: {{ default .root.Chart.Name .root.Values.nameOverride }}-{{ .hook }}
app.kubernetes.io/instance: {{ .root.Release.Name }}
{{ include "mlpolicy.furtherLabels" .root }}
{{- end -}}

{{- define "mlpolicy.serviceAccountName" -}}
{{- if .Values.serviceAccount.create -}}
{{ default (include "mlpolicy.fullname" .) .Values.serviceAccount.name }}
{{- else -}}
{{ default "default" .Values.serviceAccount.name }}
{{- end -}}
{{- end -}}

{{/* The number of seconds in a duration such as 2160h or 360h0m0s. */}}
{{- define "mlpolicy.seconds" -}}
{{- $seconds := 0 -}}
{{- range regexFindAll `[0-9]+[hms]` . -1 -}}
{{- $seconds = add $seconds (mul (regexFind `[0-9]+` . | int64) (get (dict "h" 3600 "m" 60 "s" 1) (regexFind `[hms]` .))) -}}
{{- end -}}
{{ $seconds }}
{{- end -}}

{{/* The configuration as a mapping, as JSON. */}}
{{- define "mlpolicy.config" -}}
{{- if kindIs "map" .Values.config -}}
{{- $config := deepCopy .Values.config -}}
{{- /* Helm reads YAML 1.1, in which off is a boolean. mlpolicy reads YAML 1.2 and has no boolean settings. */ -}}
{{- range $key, $value := .Values.config -}}
{{- if and (kindIs "bool" $value) (not $value) -}}
{{- $_ := set $config $key "off" -}}
{{- end -}}
{{- end -}}
{{- range $rule, $severity := $config.rules -}}
{{- if and (kindIs "bool" $severity) (not $severity) -}}
{{- $_ := set $config.rules $rule "off" -}}
{{- end -}}
{{- end -}}
{{ toJson $config }}
{{- else -}}
{{- $config := default "" .Values.config | fromYaml -}}
{{- /* fromYaml puts its error under this key, which no configuration has. */ -}}
{{- with get $config "Error" | toString -}}
{{- if contains "cannot unmarshal" . -}}
{{- fail "config must be a mapping, such as kubernetes: {cluster: aks}: give it the text of a .mlpolicy.yaml, not its name, as --set-file config=.mlpolicy.yaml does" -}}
{{- end -}}
{{- fail (printf "config is not valid YAML: %s: correct the text, which mlpolicy lint --config FILE checks" (trimPrefix "error converting YAML to JSON: yaml: " .)) -}}
{{- end -}}
{{ toJson $config }}
{{- end -}}
{{- end -}}

{{/*
true if a configuration, as a mapping, has a section that is not empty. For a text that is not YAML, which can only have
been written into the ConfigMap by hand, fromYaml returns a section with the error, which counts as content.
*/}}
{{- define "mlpolicy.hasContent" -}}
{{- range $_, $section := . -}}
{{- if $section -}}
true
{{- break -}}
{{- end -}}
{{- end -}}
{{- end -}}

{{/* The files of the pods, as keys of a ConfigMap. */}}
{{- define "mlpolicy.files" -}}
{{- $config := include "mlpolicy.config" . -}}
{{- if kindIs "map" .Values.config -}}
mlpolicy.yaml: {{ $config | fromJson | toYaml | quote }}
{{- else -}}
mlpolicy.yaml: {{ default "" .Values.config | quote }}
{{- end }}
{{- with .Values.clients.caBundle }}
client-ca.crt: {{ . | quote }}
{{- end }}
{{- range $path, $text := .Values.policies }}
{{ printf "policies/%s" $path | replace "/" "__" }}: {{ $text | quote }}
{{- end }}
{{- end -}}

{{/* The volume with these files. Takes the root and the name of the ConfigMap. */}}
{{- define "mlpolicy.filesVolume" -}}
name: config
configMap:
  name: {{ .name }}
  items:
    - key: mlpolicy.yaml
      path: mlpolicy.yaml
    {{- if .root.Values.clients.caBundle }}
    - key: client-ca.crt
      path: client-ca.crt
    {{- end }}
    {{- range $path, $_ := .root.Values.policies }}
    - key: {{ printf "policies/%s" $path | replace "/" "__" }}
      path: policies/{{ $path }}
    {{- end }}
{{- end -}}

{{/* The arguments of mlpolicy webhook. */}}
{{- define "mlpolicy.args" -}}
- webhook
- --listen=:8443
- --metrics=:8080
- --tls-cert=/etc/mlpolicy/tls/tls.crt
- --tls-key=/etc/mlpolicy/tls/tls.key
- --config=/etc/mlpolicy/config/mlpolicy.yaml
{{- if .Values.policies }}
- --policy=/etc/mlpolicy/config/policies
{{- end }}
{{- if .Values.clients.caBundle }}
- --client-ca=/etc/mlpolicy/config/client-ca.crt
{{- end }}
{{- range .Values.clients.names }}
- --client-name={{ . }}
{{- end }}
- --mode={{ .Values.mode }}
- --shutdown-delay={{ .Values.shutdownDelaySeconds }}s
{{- if .Values.logAllowed }}
- --log-allowed
{{- end }}
{{- range .Values.extraArgs }}
- {{ . | quote }}
{{- end }}
{{- end -}}

{{- define "mlpolicy.env" -}}
- name: GOMEMLIMIT
  value: {{ include "mlpolicy.goMemLimit" . }}
{{- with .Values.extraEnv }}
{{ toYaml . }}
{{- end }}
{{- end -}}

{{/* The common part of all pod specs. */}}
{{- define "mlpolicy.podSpec" -}}
automountServiceAccountToken: false
enableServiceLinks: false
{{- with .Values.priorityClassName }}
priorityClassName: {{ . }}
{{- end }}
{{- with .Values.image.pullSecrets }}
imagePullSecrets:
  {{- toYaml . | nindent 2 }}
{{- end }}
securityContext:
  runAsNonRoot: true
  runAsUser: 65532
  runAsGroup: 65532
  fsGroup: 65532
  seccompProfile:
    type: RuntimeDefault
{{- with .Values.nodeSelector }}
nodeSelector:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- with .Values.tolerations }}
tolerations:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- end -}}

{{/* The common part of all containers. */}}
{{- define "mlpolicy.container" -}}
image: {{ include "mlpolicy.image" . }}
imagePullPolicy: {{ .Values.image.pullPolicy }}
resources:
  {{- toYaml .Values.resources | nindent 2 }}
securityContext:
  allowPrivilegeEscalation: false
  capabilities:
    drop: [ALL]
  readOnlyRootFilesystem: true
{{- end -}}

{{/*
A Job that a hook runs once. It is retried if a node was lost, but not if the command line or the configuration is invalid
(exit code 2 of mlpolicy). Helm waits five minutes by default.
*/}}
{{- define "mlpolicy.hookJob" -}}
backoffLimit: 2
activeDeadlineSeconds: 240
ttlSecondsAfterFinished: 3600
podFailurePolicy:
  rules:
    - action: FailJob
      onExitCodes:
        operator: In
        values: [2]
    - action: Ignore
      onPodConditions:
        - type: DisruptionTarget
          status: "True"
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
a new one issued by a new CA. Its private key is in the Secret and, because Helm stores rendered manifests, in Helm's record of
each revision of the release, also a Secret, from which helm rollback restores the certificate. The CA's key is not kept.
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

{{/*
The requests that the API server sends for review, as a list of entries of the ValidatingWebhookConfiguration:

- the versions of files/kinds.yaml. Another version of one of their resources is sent, too, converted to one of these, where
  the cluster serves one (matchPolicy Equivalent);
- every other version of the same resources as it is, and every resource of the groups in webhook.kinds of config. The known
  ones are left out by a condition, since a rule that matches them exactly would disable the conversion of the first entry;
- with reviewBindings, what binds a Pod to a node. The scheduler is left out, so that it depends on no webhook.
*/}}
{{- define "mlpolicy.entries" -}}
{{- $known := list }}
{{- $any := list }}
{{- $resourcesOf := dict }}
{{- $exact := list }}
{{- range .Files.Get "files/kinds.yaml" | fromYamlArray }}
{{- $resources := values .kinds | sortAlpha }}
{{- $known = append $known (dict "group" .group "versions" .versions "operations" (list "CREATE" "UPDATE") "resources" $resources "scope" .scope) }}
{{- if .updates }}
{{- $known = append $known (dict "group" .group "versions" .versions "operations" (list "UPDATE") "resources" .updates "scope" .scope) }}
{{- end }}
{{- $group := .group }}
{{- $scope := .scope }}
{{- range $version := .versions }}
{{- range $resource := $resources }}
{{- $exact = append $exact (printf "%s/%s/%s" $group $version $resource) }}
{{- end }}
{{- end }}
{{- range $operations, $these := dict "CREATE UPDATE" $resources "UPDATE" (.updates | default list) }}
{{- $_ := set $resourcesOf (printf "%s|%s|%s" $group $scope $operations) (concat (get $resourcesOf (printf "%s|%s|%s" $group $scope $operations) | default list) $these | uniq | sortAlpha) }}
{{- end }}
{{- end }}
{{- range .Files.Get "files/kinds.yaml" | fromYamlArray }}
{{- $entry := . }}
{{- range $operations := list "CREATE UPDATE" "UPDATE" }}
{{- $key := printf "%s|%s|%s" $entry.group $entry.scope $operations }}
{{- with get $resourcesOf $key }}
{{- $any = append $any (dict "group" $entry.group "versions" (list "*") "operations" (splitList " " $operations) "resources" . "scope" $entry.scope) }}
{{- $_ := unset $resourcesOf $key }}
{{- end }}
{{- end }}
{{- end }}
{{- $webhook := (include "mlpolicy.config" . | fromJson).webhook | default dict }}
{{- range $webhook.kinds | default list | uniq }}
{{- $any = append $any (dict "group" . "versions" (list "*") "operations" (list "CREATE" "UPDATE") "resources" (list "*") "scope" "*") }}
{{- end }}
{{- /* The webhook would allow these requests anyway. Because they are not sent, nodes with pods of jobs drain and namespaces
terminate even if failurePolicy is Fail and no pod answers. */}}
{{- $notBeingDeleted := dict "name" "not-being-deleted" "expression" "request.operation != \"UPDATE\" || !has(oldObject.metadata.deletionTimestamp)" }}
{{- $unknownVersion := dict "name" "unknown-version" "expression" (printf "!(request.resource.group + \"/\" + request.resource.version + \"/\" + request.resource.resource in %s)" (toJson $exact)) }}
{{- $notTheScheduler := dict "name" "not-the-scheduler" "expression" "request.userInfo.username != \"system:kube-scheduler\"" }}
{{- $objects := .Values.webhook.objectSelector | default dict }}
{{- $conditions := .Values.webhook.matchConditions | default list }}
{{- $entries := list
  (dict "name" "validate.mlpolicy.dev" "matchPolicy" "Equivalent" "rules" $known "objectSelector" $objects
    "conditions" (concat (list $notBeingDeleted) $conditions))
  (dict "name" "unknown-versions.validate.mlpolicy.dev" "matchPolicy" "Exact" "rules" $any "objectSelector" $objects
    "conditions" (concat (list $notBeingDeleted $unknownVersion) $conditions))
}}
{{- if .Values.webhook.reviewBindings }}
{{- $binding := dict "group" "" "versions" (list "v1") "operations" (list "CREATE") "resources" (list "bindings" "pods/binding") "scope" "Namespaced" }}
{{- $entries = append $entries (dict "name" "bindings.validate.mlpolicy.dev" "matchPolicy" "Equivalent" "rules" (list $binding) "objectSelector" dict
  "conditions" (list $notTheScheduler)) }}
{{- end }}
{{- toYaml $entries }}
{{- end -}}

{{/*
Whether an object for Prometheus is rendered: what its value says; where that is auto, whether the cluster has the kind.
Takes the root, the kind and the value.
*/}}
{{- define "mlpolicy.monitored" -}}
{{- if eq (toString .enabled) "auto" -}}
{{ .root.Capabilities.APIVersions.Has (printf "%s/v1/%s" .root.Values.monitoring.apiGroup .kind) }}
{{- else -}}
{{ .enabled }}
{{- end -}}
{{- end -}}
