/** A valid object of every kind whose validation looks further than types, as the fuzzer changes them. */

const labels = { app: "a" };
const selector = { matchLabels: labels, matchExpressions: [{ key: "b", operator: "NotIn", values: ["c"] }] };
const probe = { httpGet: { path: "/", port: "http", httpHeaders: [{ name: "A", value: "b" }] }, periodSeconds: 5 };

const podSpec = {
  restartPolicy: "Always",
  terminationGracePeriodSeconds: 30,
  activeDeadlineSeconds: 100,
  serviceAccountName: "default",
  nodeSelector: { disk: "fast" },
  hostAliases: [{ ip: "10.0.0.1", hostnames: ["a"] }],
  dnsPolicy: "None",
  dnsConfig: { nameservers: ["10.0.0.1"], searches: ["a.b"], options: [{ name: "ndots", value: "2" }] },
  securityContext: {
    runAsUser: 1,
    fsGroup: 2,
    supplementalGroups: [3],
    sysctls: [{ name: "net.ipv4.tcp_syncookies", value: "1" }],
    seccompProfile: { type: "RuntimeDefault" },
  },
  tolerations: [{ key: "a", operator: "Exists", effect: "NoExecute", tolerationSeconds: 5 }],
  topologySpreadConstraints: [
    { maxSkew: 1, topologyKey: "zone", whenUnsatisfiable: "DoNotSchedule", labelSelector: selector, minDomains: 2 },
  ],
  affinity: {
    nodeAffinity: {
      requiredDuringSchedulingIgnoredDuringExecution: {
        nodeSelectorTerms: [
          {
            matchExpressions: [{ key: "a", operator: "Gt", values: ["1"] }],
            matchFields: [{ key: "metadata.name", operator: "In", values: ["n"] }],
          },
        ],
      },
      preferredDuringSchedulingIgnoredDuringExecution: [
        { weight: 1, preference: { matchExpressions: [{ key: "a", operator: "Exists" }] } },
      ],
    },
    podAffinity: {
      requiredDuringSchedulingIgnoredDuringExecution: [
        { labelSelector: selector, topologyKey: "zone", namespaces: ["b"], namespaceSelector: selector },
      ],
    },
    podAntiAffinity: {
      preferredDuringSchedulingIgnoredDuringExecution: [
        { weight: 5, podAffinityTerm: { labelSelector: selector, topologyKey: "zone", matchLabelKeys: ["x"] } },
      ],
    },
  },
  readinessGates: [{ conditionType: "example.com/ready" }],
  schedulingGates: [{ name: "example.com/gate" }],
  resourceClaims: [{ name: "claim", resourceClaimName: "c" }],
  initContainers: [{ name: "i", image: "i", restartPolicy: "Always", startupProbe: { exec: { command: ["true"] } } }],
  containers: [
    {
      name: "c",
      image: "c:1",
      command: ["a"],
      args: ["b"],
      ports: [{ name: "http", containerPort: 80, hostPort: 0, protocol: "TCP", hostIP: "10.0.0.1" }],
      env: [
        { name: "A", value: "b" },
        { name: "B", valueFrom: { fieldRef: { fieldPath: "metadata.labels['a']" } } },
        { name: "C", valueFrom: { resourceFieldRef: { resource: "limits.cpu", divisor: "1m" } } },
        { name: "D", valueFrom: { secretKeyRef: { name: "s", key: "k", optional: true } } },
        { name: "E", valueFrom: { configMapKeyRef: { name: "m", key: "k" } } },
      ],
      envFrom: [{ prefix: "P_", configMapRef: { name: "m" } }, { secretRef: { name: "s" } }],
      resources: { limits: { cpu: "1", memory: "1Gi" }, requests: { cpu: "500m" }, claims: [{ name: "claim" }] },
      resizePolicy: [{ resourceName: "cpu", restartPolicy: "NotRequired" }],
      volumeMounts: [{ name: "v", mountPath: "/v", subPath: "a", mountPropagation: "None" }],
      volumeDevices: [{ name: "pvc", devicePath: "/dev/x" }],
      livenessProbe: probe,
      readinessProbe: { tcpSocket: { port: 80 } },
      startupProbe: { grpc: { port: 80, service: "s" } },
      lifecycle: { preStop: { sleep: { seconds: 5 } }, postStart: { exec: { command: ["a"] } } },
      securityContext: {
        privileged: false,
        capabilities: { add: ["NET_ADMIN"], drop: ["ALL"] },
        seLinuxOptions: { level: "s0" },
        procMount: "Default",
        appArmorProfile: { type: "RuntimeDefault" },
      },
    },
  ],
  volumes: [
    { name: "v", emptyDir: { sizeLimit: "1Gi", medium: "Memory" } },
    { name: "pvc", persistentVolumeClaim: { claimName: "c" } },
    { name: "m", configMap: { name: "m", items: [{ key: "a", path: "b", mode: 420 }], defaultMode: 420 } },
    { name: "s", secret: { secretName: "s" } },
    { name: "d", downwardAPI: { items: [{ path: "l", fieldRef: { fieldPath: "metadata.labels" } }] } },
    {
      name: "p",
      projected: {
        sources: [
          { serviceAccountToken: { path: "t", expirationSeconds: 3600 } },
          { configMap: { name: "m" } },
          { clusterTrustBundle: { name: "b", path: "c" } },
        ],
      },
    },
    {
      name: "e",
      ephemeral: {
        volumeClaimTemplate: { spec: { accessModes: ["ReadWriteOnce"], resources: { requests: { storage: "1" } } } },
      },
    },
    { name: "h", hostPath: { path: "/a", type: "Directory" } },
    { name: "n", nfs: { server: "a", path: "/b" } },
    { name: "csi", csi: { driver: "a.example", volumeAttributes: { a: "b" } } },
    { name: "image", image: { reference: "a", pullPolicy: "Always" } },
  ],
};
const smallPod = { containers: [{ name: "c", image: "c", ports: [{ containerPort: 80 }] }] };
const template = { metadata: { labels }, spec: smallPod };
const claimSpec = {
  accessModes: ["ReadWriteOnce"],
  resources: { requests: { storage: "1Gi" }, limits: { storage: "2Gi" } },
  selector,
  storageClassName: "a",
  volumeMode: "Filesystem",
  dataSource: { apiGroup: "snapshot.storage.k8s.io", kind: "VolumeSnapshot", name: "s" },
};
const ruleOf = { apiGroups: ["apps"], apiVersions: ["v1"], operations: ["CREATE"], resources: ["deployments"] };
const webhook = {
  name: "a.example.com",
  clientConfig: { service: { namespace: "a", name: "b", path: "/c", port: 443 }, caBundle: "" },
  rules: [{ ...ruleOf, scope: "*" }],
  admissionReviewVersions: ["v1"],
  sideEffects: "None",
  timeoutSeconds: 5,
  failurePolicy: "Ignore",
  matchPolicy: "Exact",
  namespaceSelector: selector,
  objectSelector: selector,
  matchConditions: [{ name: "c", expression: "object.metadata.name == 'a'" }],
};
const policy = {
  matchConstraints: { resourceRules: [ruleOf], namespaceSelector: selector, excludeResourceRules: [ruleOf] },
  matchConditions: [{ name: "m", expression: "true" }],
  variables: [{ name: "v", expression: "object.metadata.name" }],
  failurePolicy: "Ignore",
  paramKind: { apiVersion: "v1", kind: "ConfigMap" },
};
const policyBinding = {
  policyName: "p",
  paramRef: { name: "a", namespace: "b", parameterNotFoundAction: "Deny" },
  matchResources: { namespaceSelector: selector, resourceRules: [ruleOf] },
};
const roleRules = [
  { apiGroups: [""], resources: ["pods"], verbs: ["get"], resourceNames: ["a"] },
  { nonResourceURLs: ["/healthz"], verbs: ["get"] },
];
const subjects = [
  { kind: "ServiceAccount", name: "a", namespace: "b" },
  { kind: "User", apiGroup: "rbac.authorization.k8s.io", name: "u" },
];
const roleRef = { apiGroup: "rbac.authorization.k8s.io", kind: "ClusterRole", name: "a" };
const metric = {
  type: "Resource",
  resource: { name: "cpu", target: { type: "Utilization", averageUtilization: 50 } },
};
const scaling = { stabilizationWindowSeconds: 5, policies: [{ type: "Pods", value: 1, periodSeconds: 5 }] };
const deviceRequests = {
  requests: [
    {
      name: "r",
      exactly: {
        deviceClassName: "a",
        count: 1,
        allocationMode: "ExactCount",
        selectors: [{ cel: { expression: "device.driver == 'a'" } }],
      },
    },
    { name: "f", firstAvailable: [{ name: "s", deviceClassName: "a" }] },
  ],
  constraints: [{ requests: ["r"], matchAttribute: "a.example/b" }],
  config: [{ requests: ["r"], opaque: { driver: "a.example", parameters: { a: 1 } } }],
};
/** A definition that the fuzzer also serves, so that its objects are fuzzed. */
export const widgetSchema = {
  type: "object",
  required: ["spec"],
  properties: {
    spec: {
      type: "object",
      "x-kubernetes-validations": [
        { rule: "!has(self.id) || self.id >= 0", message: "negative" },
        { rule: "!has(oldSelf.id) || self.id == oldSelf.id", optionalOldSelf: false },
      ],
      properties: {
        id: { type: "integer", format: "int64", minimum: 0, maximum: 9007199254740993n, multipleOf: 1 },
        small: { type: "integer", format: "int32" },
        ratio: { type: "number", exclusiveMinimum: true, minimum: 0 },
        text: { type: "string", maxLength: 20, minLength: 1, pattern: "^[a-z]+$", nullable: true },
        date: { type: "string", format: "date-time" },
        choice: { type: "string", enum: ["a", "b"], default: "a" },
        either: { "x-kubernetes-int-or-string": true, anyOf: [{ type: "integer" }, { type: "string" }] },
        free: { type: "object", "x-kubernetes-preserve-unknown-fields": true },
        embedded: {
          type: "object",
          "x-kubernetes-embedded-resource": true,
          "x-kubernetes-preserve-unknown-fields": true,
        },
        map: { type: "object", additionalProperties: { type: "integer" }, maxProperties: 5 },
        set: { type: "array", "x-kubernetes-list-type": "set", items: { type: "integer" } },
        list: {
          type: "array",
          maxItems: 10,
          "x-kubernetes-list-type": "map",
          "x-kubernetes-list-map-keys": ["name", "port"],
          items: {
            type: "object",
            required: ["name"],
            properties: { name: { type: "string" }, port: { type: "integer", default: 80 }, value: { type: "string" } },
          },
        },
        replicas: { type: "integer" },
      },
    },
    status: { type: "object", properties: { replicas: { type: "integer" }, selector: { type: "string" } } },
  },
};
const definition = {
  group: "fuzz.example",
  scope: "Namespaced",
  names: { plural: "widgets", singular: "widget", kind: "Widget", listKind: "WidgetList", shortNames: ["wd"] },
  versions: [
    {
      name: "v1",
      served: true,
      storage: true,
      schema: { openAPIV3Schema: widgetSchema },
      subresources: {
        status: {},
        scale: {
          specReplicasPath: ".spec.replicas",
          statusReplicasPath: ".status.replicas",
          labelSelectorPath: ".status.selector",
        },
      },
      additionalPrinterColumns: [
        { name: "Id", type: "integer", jsonPath: ".spec.id" },
        { name: "Text", type: "string", jsonPath: ".spec.list[0].value" },
        { name: "When", type: "date", jsonPath: ".spec.date" },
      ],
      selectableFields: [{ jsonPath: ".spec.choice" }],
    },
  ],
};

export interface Seed {
  /** Default: a name that is free. */
  readonly name?: string;
  readonly body: Readonly<Record<string, unknown>>;
}

const of = (body: Record<string, unknown>, name?: string): Seed => (name === undefined ? { body } : { body, name });
const spec = (body: Record<string, unknown>, name?: string): Seed => of({ spec: body }, name);

/** By `group/version/Kind`. */
export const seeds: Readonly<Record<string, Seed>> = {
  "/v1/Pod": spec(podSpec),
  "/v1/PodTemplate": of({ template }),
  "/v1/Service": spec({
    type: "LoadBalancer",
    selector: labels,
    ports: [
      { name: "a", port: 80, targetPort: "http", protocol: "TCP", nodePort: 0, appProtocol: "http" },
      { name: "b", port: 81 },
    ],
    externalTrafficPolicy: "Local",
    healthCheckNodePort: 0,
    sessionAffinity: "ClientIP",
    sessionAffinityConfig: { clientIP: { timeoutSeconds: 5 } },
    loadBalancerSourceRanges: ["10.0.0.0/8"],
    externalIPs: ["10.1.1.1"],
    ipFamilyPolicy: "SingleStack",
    internalTrafficPolicy: "Cluster",
  }),
  "/v1/Endpoints": of({
    subsets: [{ addresses: [{ ip: "10.0.0.1", hostname: "a" }], ports: [{ name: "a", port: 80, protocol: "TCP" }] }],
  }),
  "/v1/ConfigMap": of({ data: { a: "b" }, binaryData: { c: "Zm9v" }, immutable: false }),
  "/v1/Secret": of({ type: "Opaque", data: { a: "Zm9v" }, stringData: { b: "c" } }),
  "/v1/Event": of({
    involvedObject: { kind: "Pod", namespace: "fuzz", name: "a" },
    reason: "A",
    type: "Normal",
    count: 1,
  }),
  "/v1/LimitRange": spec({
    limits: [
      {
        type: "Container",
        max: { cpu: "2" },
        min: { cpu: "1" },
        default: { cpu: "1" },
        maxLimitRequestRatio: { cpu: "2" },
      },
    ],
  }),
  "/v1/ResourceQuota": spec({
    hard: { pods: "5", "count/x.example": "1", "requests.cpu": "1" },
    scopeSelector: { matchExpressions: [{ scopeName: "PriorityClass", operator: "In", values: ["a"] }] },
  }),
  "/v1/Namespace": spec({ finalizers: ["kubernetes"] }),
  "/v1/Node": spec({
    podCIDR: "10.1.0.0/24",
    podCIDRs: ["10.1.0.0/24"],
    taints: [{ key: "a", value: "b", effect: "NoSchedule" }],
  }),
  "/v1/PersistentVolume": spec({
    capacity: { storage: "1Gi" },
    accessModes: ["ReadWriteOnce"],
    hostPath: { path: "/a" },
    persistentVolumeReclaimPolicy: "Retain",
    claimRef: { namespace: "a", name: "b" },
    mountOptions: ["ro"],
    nodeAffinity: {
      required: { nodeSelectorTerms: [{ matchExpressions: [{ key: "a", operator: "In", values: ["b"] }] }] },
    },
  }),
  "/v1/PersistentVolumeClaim": spec(claimSpec),
  "/v1/ReplicationController": spec({ replicas: 1, selector: labels, template }),
  "/v1/ServiceAccount": of({ secrets: [{ name: "a" }], imagePullSecrets: [{ name: "b" }] }),
  "admissionregistration.k8s.io/v1/MutatingWebhookConfiguration": of({
    webhooks: [{ ...webhook, reinvocationPolicy: "Never" }],
  }),
  "admissionregistration.k8s.io/v1/ValidatingWebhookConfiguration": of({ webhooks: [webhook] }),
  "admissionregistration.k8s.io/v1/ValidatingAdmissionPolicy": spec({
    ...policy,
    validations: [{ expression: "object.spec.replicas < 5", messageExpression: "'no'", reason: "Invalid" }],
    auditAnnotations: [{ key: "a", valueExpression: "'b'" }],
  }),
  "admissionregistration.k8s.io/v1/MutatingAdmissionPolicy": spec({
    ...policy,
    reinvocationPolicy: "Never",
    mutations: [
      { patchType: "ApplyConfiguration", applyConfiguration: { expression: "Object{spec: Object.spec{replicas: 1}}" } },
      { patchType: "JSONPatch", jsonPatch: { expression: "[JSONPatch{op: 'add', path: '/a', value: 1}]" } },
    ],
  }),
  "admissionregistration.k8s.io/v1/ValidatingAdmissionPolicyBinding": spec({
    ...policyBinding,
    validationActions: ["Deny"],
  }),
  "admissionregistration.k8s.io/v1/MutatingAdmissionPolicyBinding": spec(policyBinding),
  "apiextensions.k8s.io/v1/CustomResourceDefinition": spec(definition, "widgets.fuzz.example"),
  "apiregistration.k8s.io/v1/APIService": spec(
    {
      group: "a.example",
      version: "v1",
      groupPriorityMinimum: 1000,
      versionPriority: 10,
      service: { namespace: "a", name: "b", port: 443 },
      insecureSkipTLSVerify: true,
    },
    "v1.a.example",
  ),
  "apps/v1/Deployment": spec({
    replicas: 2,
    selector: { matchLabels: labels },
    strategy: { type: "RollingUpdate", rollingUpdate: { maxSurge: "25%", maxUnavailable: 1 } },
    template: { metadata: { labels }, spec: { ...podSpec, activeDeadlineSeconds: undefined } },
    revisionHistoryLimit: 5,
    progressDeadlineSeconds: 60,
    minReadySeconds: 5,
  }),
  "apps/v1/ReplicaSet": spec({ replicas: 1, selector: { matchLabels: labels }, template }),
  "apps/v1/DaemonSet": spec({
    selector: { matchLabels: labels },
    template,
    updateStrategy: { type: "RollingUpdate", rollingUpdate: { maxUnavailable: 1 } },
  }),
  "apps/v1/StatefulSet": spec({
    serviceName: "a",
    replicas: 1,
    selector: { matchLabels: labels },
    template,
    volumeClaimTemplates: [{ metadata: { name: "data" }, spec: claimSpec }],
    updateStrategy: { type: "RollingUpdate", rollingUpdate: { partition: 1, maxUnavailable: 1 } },
    persistentVolumeClaimRetentionPolicy: { whenDeleted: "Retain" },
    ordinals: { start: 1 },
  }),
  "apps/v1/ControllerRevision": of({ revision: 1, data: { a: 1 } }),
  "authentication.k8s.io/v1/TokenReview": spec({ token: "a.b.c", audiences: ["x"] }),
  "authorization.k8s.io/v1/SubjectAccessReview": spec({
    user: "u",
    groups: ["g"],
    extra: { a: ["b"] },
    resourceAttributes: {
      verb: "get",
      resource: "pods",
      fieldSelector: { requirements: [{ key: "a", operator: "In", values: ["b"] }] },
      labelSelector: { rawSelector: "a=b" },
    },
  }),
  "authorization.k8s.io/v1/LocalSubjectAccessReview": spec({
    user: "u",
    resourceAttributes: { verb: "get", resource: "pods", namespace: "fuzz" },
  }),
  "authorization.k8s.io/v1/SelfSubjectAccessReview": spec({ nonResourceAttributes: { path: "/a", verb: "get" } }),
  "authorization.k8s.io/v1/SelfSubjectRulesReview": spec({ namespace: "fuzz" }),
  "autoscaling/v1/HorizontalPodAutoscaler": spec({
    scaleTargetRef: { apiVersion: "apps/v1", kind: "Deployment", name: "a" },
    minReplicas: 1,
    maxReplicas: 5,
    targetCPUUtilizationPercentage: 50,
  }),
  "autoscaling/v2/HorizontalPodAutoscaler": spec({
    scaleTargetRef: { apiVersion: "apps/v1", kind: "Deployment", name: "a" },
    minReplicas: 1,
    maxReplicas: 5,
    metrics: [
      metric,
      { type: "ContainerResource", containerResource: { ...metric.resource, container: "c" } },
      { type: "Pods", pods: { metric: { name: "m", selector }, target: { type: "AverageValue", averageValue: "1" } } },
      {
        type: "Object",
        object: {
          describedObject: { kind: "Service", name: "a", apiVersion: "v1" },
          metric: { name: "m" },
          target: { type: "Value", value: "1" },
        },
      },
      { type: "External", external: { metric: { name: "m" }, target: { type: "Value", value: "1" } } },
    ],
    behavior: { scaleUp: { ...scaling, selectPolicy: "Max", tolerance: "0.1" }, scaleDown: scaling },
  }),
  "batch/v1/Job": spec({
    parallelism: 1,
    completions: 2,
    completionMode: "Indexed",
    backoffLimitPerIndex: 1,
    maxFailedIndexes: 1,
    ttlSecondsAfterFinished: 5,
    podFailurePolicy: {
      rules: [
        { action: "FailJob", onExitCodes: { containerName: "c", operator: "In", values: [1, 2] } },
        { action: "Ignore", onPodConditions: [{ type: "DisruptionTarget", status: "True" }] },
      ],
    },
    successPolicy: { rules: [{ succeededIndexes: "0-1", succeededCount: 1 }] },
    template: { spec: { ...smallPod, restartPolicy: "Never" } },
  }),
  "batch/v1/CronJob": spec({
    schedule: "*/5 * * * *",
    timeZone: "Europe/Vienna",
    concurrencyPolicy: "Allow",
    startingDeadlineSeconds: 5,
    jobTemplate: { spec: { template: { spec: { ...smallPod, restartPolicy: "OnFailure" } } } },
  }),
  "certificates.k8s.io/v1/CertificateSigningRequest": spec({
    request:
      "LS0tLS1CRUdJTiBDRVJUSUZJQ0FURSBSRVFVRVNULS0tLS0KTUlISE1HNENBUUF3RERFS01BZ0dBMVVFQXd3QllUQlpNQk1HQnlxR1NNNDlBZ0VHQ0NxR1NNNDlBd0VIQTBJQQpCR3YxbFBFSzdVNDB2UzI3bFdOaDJQc21WTkVLcXYvRjBMM3pjYlFwUGpDWGE2QTdqelNQK3IwUFFEcm55STl1CnliRjhMd1lMZDlFQnlBL0gyZVNlVVFTZ0FEQUtCZ2dxaGtqT1BRUURBZ05KQURCR0FpRUErY1VpN3ZYR3BaRUsKL3NsU1BLY3p3ZjlYSDVMTERCRUFqbFNCMXh5N09yb0NJUUNhSW9YeElHOHV5RmhYbnNuSlo1a2tPNlVkZSthSApFcjBZVElKNmw4Nkt4UT09Ci0tLS0tRU5EIENFUlRJRklDQVRFIFJFUVVFU1QtLS0tLQo=",
    signerName: "a.example/b",
    usages: ["client auth"],
    expirationSeconds: 3600,
  }),
  "coordination.k8s.io/v1/Lease": spec({
    holderIdentity: "a",
    leaseDurationSeconds: 5,
    acquireTime: "2026-01-01T00:00:00.000000Z",
    leaseTransitions: 1,
  }),
  "discovery.k8s.io/v1/EndpointSlice": of({
    addressType: "IPv4",
    endpoints: [
      { addresses: ["10.0.0.1"], conditions: { ready: true }, hints: { forZones: [{ name: "z" }] }, nodeName: "n" },
    ],
    ports: [{ name: "a", port: 80, protocol: "TCP" }],
  }),
  "events.k8s.io/v1/Event": of({
    eventTime: "2026-01-01T00:00:00.000000Z",
    regarding: { kind: "Pod", namespace: "fuzz", name: "a" },
    action: "A",
    reason: "B",
    type: "Normal",
    reportingController: "a.example/b",
    reportingInstance: "c",
    series: { count: 2, lastObservedTime: "2026-01-01T00:00:00.000000Z" },
  }),
  "flowcontrol.apiserver.k8s.io/v1/FlowSchema": spec({
    priorityLevelConfiguration: { name: "a" },
    matchingPrecedence: 9000,
    distinguisherMethod: { type: "ByUser" },
    rules: [
      {
        subjects: [{ kind: "User", user: { name: "nobody" } }],
        resourceRules: [{ verbs: ["get"], apiGroups: [""], resources: ["pods"], namespaces: ["a"] }],
        nonResourceRules: [{ verbs: ["get"], nonResourceURLs: ["/a"] }],
      },
    ],
  }),
  "flowcontrol.apiserver.k8s.io/v1/PriorityLevelConfiguration": spec({
    type: "Limited",
    limited: {
      nominalConcurrencyShares: 5,
      lendablePercent: 10,
      limitResponse: { type: "Queue", queuing: { queues: 8, handSize: 2, queueLengthLimit: 5 } },
    },
  }),
  "networking.k8s.io/v1/Ingress": spec({
    ingressClassName: "a",
    defaultBackend: { service: { name: "a", port: { number: 80 } } },
    tls: [{ hosts: ["a.example"], secretName: "s" }],
    rules: [
      {
        host: "*.a.example",
        http: {
          paths: [{ path: "/", pathType: "Prefix", backend: { service: { name: "a", port: { name: "http" } } } }],
        },
      },
    ],
  }),
  "networking.k8s.io/v1/IngressClass": spec({
    controller: "a.example/b",
    parameters: { kind: "A", name: "b", scope: "Namespace", namespace: "c" },
  }),
  "networking.k8s.io/v1/NetworkPolicy": spec({
    podSelector: selector,
    policyTypes: ["Ingress", "Egress"],
    ingress: [
      { from: [{ ipBlock: { cidr: "10.0.0.0/8", except: ["10.1.0.0/16"] } }, { namespaceSelector: selector }] },
    ],
    egress: [{ to: [{ podSelector: selector }], ports: [{ protocol: "TCP", port: 80, endPort: 90 }] }],
  }),
  "networking.k8s.io/v1/IPAddress": spec(
    { parentRef: { resource: "services", namespace: "a", name: "b" } },
    "10.96.7.7",
  ),
  "networking.k8s.io/v1/ServiceCIDR": spec({ cidrs: ["10.200.0.0/24"] }),
  "node.k8s.io/v1/RuntimeClass": of({
    handler: "a",
    overhead: { podFixed: { cpu: "1" } },
    scheduling: { nodeSelector: { a: "b" }, tolerations: [{ key: "a", operator: "Exists" }] },
  }),
  "policy/v1/PodDisruptionBudget": spec({ minAvailable: "50%", selector, unhealthyPodEvictionPolicy: "AlwaysAllow" }),
  "rbac.authorization.k8s.io/v1/ClusterRole": of({
    rules: roleRules,
    aggregationRule: { clusterRoleSelectors: [selector] },
  }),
  "rbac.authorization.k8s.io/v1/Role": of({ rules: roleRules.slice(0, 1) }),
  "rbac.authorization.k8s.io/v1/ClusterRoleBinding": of({ subjects, roleRef }),
  "rbac.authorization.k8s.io/v1/RoleBinding": of({ subjects, roleRef }),
  "resource.k8s.io/v1/DeviceClass": spec({
    selectors: [{ cel: { expression: "device.driver == 'a'" } }],
    config: [{ opaque: { driver: "a.example", parameters: {} } }],
  }),
  "resource.k8s.io/v1/ResourceClaim": spec({ devices: deviceRequests }),
  "resource.k8s.io/v1/ResourceClaimTemplate": spec({ spec: { devices: deviceRequests } }),
  "resource.k8s.io/v1/ResourceSlice": spec({
    driver: "a.example",
    nodeName: "n",
    pool: { name: "p", generation: 1, resourceSliceCount: 1 },
    devices: [{ name: "d", attributes: { a: { int: 1 }, b: { version: "1.0.0" } }, capacity: { c: { value: "1" } } }],
  }),
  "scheduling.k8s.io/v1/PriorityClass": of({ value: 5, description: "a", preemptionPolicy: "Never" }),
  "storage.k8s.io/v1/CSIDriver": spec({
    attachRequired: true,
    volumeLifecycleModes: ["Persistent"],
    fsGroupPolicy: "File",
    tokenRequests: [{ audience: "a", expirationSeconds: 3600 }],
  }),
  "storage.k8s.io/v1/CSINode": spec({
    drivers: [{ name: "a.example", nodeID: "b", topologyKeys: ["c"], allocatable: { count: 1 } }],
  }),
  "storage.k8s.io/v1/CSIStorageCapacity": of({
    storageClassName: "a",
    capacity: "1Gi",
    nodeTopology: selector,
    maximumVolumeSize: "1Gi",
  }),
  "storage.k8s.io/v1/StorageClass": of({
    provisioner: "a.example/b",
    parameters: { a: "b" },
    volumeBindingMode: "Immediate",
    reclaimPolicy: "Delete",
    allowedTopologies: [{ matchLabelExpressions: [{ key: "a", values: ["b"] }] }],
  }),
  "storage.k8s.io/v1/VolumeAttachment": spec({ attacher: "a", nodeName: "n", source: { persistentVolumeName: "p" } }),
  "storage.k8s.io/v1/VolumeAttributesClass": of({ driverName: "a.example", parameters: { a: "b" } }),
  "fuzz.example/v1/Widget": of({
    spec: {
      id: 9007199254740992n,
      small: 1,
      ratio: 1.5,
      text: "a",
      date: "2026-01-01T00:00:00Z",
      choice: "b",
      either: "x",
      free: { a: [1, { b: null }] },
      embedded: { apiVersion: "v1", kind: "Pod", metadata: { name: "a" } },
      map: { a: 1 },
      set: [1, 2],
      list: [{ name: "a", port: 1, value: "b" }, { name: "b" }],
      replicas: 1,
    },
  }),
};
