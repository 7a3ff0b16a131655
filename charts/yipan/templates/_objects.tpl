{{/* Labels of everything. */}}
{{- define "yipan.labels" -}}
app.kubernetes.io/name: yipan
app.kubernetes.io/instance: {{ .Release.Name }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/part-of: yipan
app.kubernetes.io/managed-by: {{ .Release.Service }}
helm.sh/chart: {{ .Chart.Name }}-{{ .Chart.Version | replace "+" "_" }}
{{- end }}

{{/* Labels by which the Service, the budget and the spread find the operator's pods. Never to be changed:
     a Deployment's selector cannot be. */}}
{{- define "yipan.pods" -}}
app.kubernetes.io/name: yipan
app.kubernetes.io/component: operator
{{- end }}

{{/* Every object of the chart's files that match `files`, Lists taken apart, with the chart's labels and
     `annotations`, as a JSON list. These files are the same that a kubectl apply installs. */}}
{{- define "yipan.objects" -}}
{{- $objects := list }}
{{- $labels := include "yipan.labels" .root | fromYaml }}
{{- range $path, $_ := .root.Files.Glob .files }}
{{- range regexSplit "(?m)^---\\s*$" ($.root.Files.Get $path) -1 }}
{{- $read := . | fromYaml }}
{{- with $read.Error }}{{ fail (printf "%s: %s" $path .) }}{{ end }}
{{- range $object := $read.items | default (list $read) }}
{{- if $object.kind }}
{{- $metadata := $object.metadata }}
{{- $_ := set $metadata "labels" (merge (deepCopy $labels) ($metadata.labels | default dict)) }}
{{- with $.annotations }}{{ $_ := set $metadata "annotations" (merge (deepCopy .) ($metadata.annotations | default dict)) }}{{ end }}
{{- $objects = append $objects $object }}
{{- end }}
{{- end }}
{{- end }}
{{- end }}
{{- $objects | toJson }}
{{- end }}

{{/* What cannot be said in the schema: it depends on where and how the chart is installed. */}}
{{- define "yipan.check" -}}
{{- if ne .Release.Namespace "yipan-system" }}
{{- fail (printf "the admission policies know the operator by its namespace: install with -n yipan-system, not -n %s" .Release.Namespace) }}
{{- end }}
{{- if not .Values.image.repository }}
{{- fail "image.repository is empty: say where your image of the operator lies, such as --set image.repository=registry.example.gov.cn/platform/yipan" }}
{{- end }}
{{- end }}
