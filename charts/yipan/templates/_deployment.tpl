{{- define "yipan.deployment" -}}
{{- $image := printf "%s:%s" .Values.image.repository (.Values.image.tag | default .Chart.AppVersion) }}
{{- with .Values.image.digest }}{{ $image = printf "%s@%s" $.Values.image.repository . }}{{ end }}
apiVersion: apps/v1
kind: Deployment
metadata:
  name: yipan
  namespace: {{ .Release.Namespace }}
  labels:
    {{- include "yipan.labels" . | nindent 4 }}
    app.kubernetes.io/component: operator
spec:
  replicas: {{ .Values.replicas }}
  selector:
    matchLabels:
      {{- include "yipan.pods" . | nindent 6 }}
  # The successor is ready, with filled caches, before the leader gives its Lease back.
  strategy:
    type: RollingUpdate
    rollingUpdate: {maxSurge: 1, maxUnavailable: 0}
  template:
    metadata:
      # Not the chart's version: a new one of the same operator need not restart it.
      labels:
        {{- include "yipan.pods" . | nindent 8 }}
        app.kubernetes.io/part-of: yipan
      {{- with .Values.podAnnotations }}
      annotations:
        {{- toYaml . | nindent 8 }}
      {{- end }}
    spec:
      serviceAccountName: yipan
      # What the operator's account may do goes by this token; nothing else in the pod is worth a mount.
      automountServiceAccountToken: true
      enableServiceLinks: false
      {{- with .Values.imagePullSecrets }}
      imagePullSecrets:
        {{- range . }}
        - name: {{ . }}
        {{- end }}
      {{- end }}
      {{- with .Values.priorityClassName }}
      priorityClassName: {{ . }}
      {{- end }}
      securityContext:
        runAsNonRoot: true
        runAsUser: 65532
        runAsGroup: 65532
        seccompProfile: {type: RuntimeDefault}
      # Passes that have begun may take 20 s to end; then the Lease is given back.
      terminationGracePeriodSeconds: 30
      {{- with .Values.nodeSelector }}
      nodeSelector:
        {{- toYaml . | nindent 8 }}
      {{- end }}
      {{- with .Values.tolerations }}
      tolerations:
        {{- toYaml . | nindent 8 }}
      {{- end }}
      # As far as it goes: a cluster of one node has an operator too.
      topologySpreadConstraints:
        {{- range list "kubernetes.io/hostname" "topology.kubernetes.io/zone" }}
        - maxSkew: 1
          topologyKey: {{ . }}
          whenUnsatisfiable: ScheduleAnyway
          labelSelector:
            matchLabels:
              {{- include "yipan.pods" $ | nindent 14 }}
        {{- end }}
      containers:
        - name: operator
          image: {{ $image }}
          imagePullPolicy: {{ .Values.image.pullPolicy }}
          args:
            - operator
            - --concurrency={{ .Values.concurrency }}
            - --concurrency-per-tenant={{ .Values.concurrencyPerTenant }}
            - --log-format={{ .Values.log.format }}
          env:
            # Under this name it asks for the Lease.
            - name: POD_NAME
              valueFrom: {fieldRef: {fieldPath: metadata.name}}
            {{- with .Values.log.filter }}
            - name: RUST_LOG
              value: {{ quote . }}
            {{- end }}
          ports:
            - {name: metrics, containerPort: 8080, protocol: TCP}
          # No other probe: an operator without its prerequisites waits for them, and one that is slow is
          # not made faster by being killed.
          readinessProbe:
            httpGet: {path: /readyz, port: metrics}
            periodSeconds: 10
            timeoutSeconds: 5
            failureThreshold: 3
          resources:
            {{- toYaml .Values.resources | nindent 12 }}
          securityContext:
            allowPrivilegeEscalation: false
            privileged: false
            readOnlyRootFilesystem: true
            capabilities: {drop: [ALL]}
{{- end }}
