import { describe, expect, it } from "vitest";
import type { KindDefinition } from "../machinery/kind.ts";
import type { UnknownObject } from "../machinery/meta/object.ts";
import { builtInKinds } from "./index.ts";

function find(kind: string, apiVersion = ""): KindDefinition {
  const found = builtInKinds.find(
    (one) => one.kind === kind && (apiVersion === "" || apiVersion === `${one.group}/${one.version}`),
  );
  if (found === undefined) throw new Error(`no kind ${kind}`);
  return found;
}

function defaulted(kind: string, object: object, apiVersion = ""): UnknownObject {
  const copy = structuredClone(object) as UnknownObject;
  find(kind, apiVersion).applyDefaults?.(copy);
  return copy;
}

const container = (image: string) => ({
  name: "a",
  image,
  imagePullPolicy: image.endsWith(":1") ? "IfNotPresent" : "Always",
  terminationMessagePath: "/dev/termination-log",
  terminationMessagePolicy: "File",
  resources: {},
});

const podSpec = (image: string) => ({
  dnsPolicy: "ClusterFirst",
  restartPolicy: "Always",
  securityContext: {},
  terminationGracePeriodSeconds: 30,
  schedulerName: "default-scheduler",
  containers: [container(image)],
});

const bare = (image: string) => ({ spec: { containers: [{ name: "a", image }] } });

describe("defaults", () => {
  const table: [string, string, object, object][] = [
    ["a pod", "Pod", bare("nginx"), { spec: { ...podSpec("nginx"), enableServiceLinks: true }, status: {} }],
    [
      "a pod with a negative grace period",
      "Pod",
      { spec: { ...bare("nginx").spec, terminationGracePeriodSeconds: -1 } },
      { spec: { ...podSpec("nginx"), enableServiceLinks: true, terminationGracePeriodSeconds: 1 }, status: {} },
    ],
    [
      "a deployment",
      "Deployment",
      { spec: { selector: {}, template: bare("registry:5000/a/b:1") } },
      {
        spec: {
          replicas: 1,
          selector: {},
          strategy: { type: "RollingUpdate", rollingUpdate: { maxUnavailable: "25%", maxSurge: "25%" } },
          revisionHistoryLimit: 10,
          progressDeadlineSeconds: 600,
          template: { spec: podSpec("registry:5000/a/b:1") },
        },
      },
    ],
    [
      "a stateful set",
      "StatefulSet",
      { spec: { selector: {}, template: bare("x:1") } },
      {
        spec: {
          podManagementPolicy: "OrderedReady",
          updateStrategy: { type: "RollingUpdate", rollingUpdate: { partition: 0 } },
          persistentVolumeClaimRetentionPolicy: { whenDeleted: "Retain", whenScaled: "Retain" },
          replicas: 1,
          revisionHistoryLimit: 10,
          selector: {},
          template: { spec: podSpec("x:1") },
        },
      },
    ],
    [
      "a job",
      "Job",
      { spec: { template: { metadata: { labels: { a: "b" } }, ...bare("x:1") } } },
      {
        metadata: { labels: { a: "b" } },
        spec: {
          completions: 1,
          parallelism: 1,
          backoffLimit: 6,
          completionMode: "NonIndexed",
          suspend: false,
          podReplacementPolicy: "TerminatingOrFailed",
          manualSelector: false,
          template: { metadata: { labels: { a: "b" } }, spec: podSpec("x:1") },
        },
      },
    ],
    [
      "a node port service",
      "Service",
      { spec: { type: "NodePort", ports: [{ port: 80 }] } },
      {
        spec: {
          type: "NodePort",
          sessionAffinity: "None",
          externalTrafficPolicy: "Cluster",
          internalTrafficPolicy: "Cluster",
          ports: [{ port: 80, protocol: "TCP", targetPort: 80 }],
        },
      },
    ],
    [
      "a secret, with stringData over data",
      "Secret",
      { data: { a: "eA==" }, stringData: { a: "y" } },
      { type: "Opaque", data: { a: "eQ==" } },
    ],
    [
      "a namespace",
      "Namespace",
      { metadata: { name: "a" } },
      { metadata: { name: "a", labels: { "kubernetes.io/metadata.name": "a" } }, status: { phase: "Active" } },
    ],
    [
      "a limit range",
      "LimitRange",
      { spec: { limits: [{ type: "Container", max: { cpu: "2" }, min: { memory: "1Mi" } }] } },
      {
        spec: {
          limits: [
            {
              type: "Container",
              max: { cpu: "2" },
              min: { memory: "1Mi" },
              default: { cpu: "2" },
              defaultRequest: { cpu: "2", memory: "1Mi" },
            },
          ],
        },
      },
    ],
    [
      "a network policy with egress rules",
      "NetworkPolicy",
      { spec: { podSelector: {}, egress: [{ ports: [{ port: 53 }] }] } },
      {
        spec: {
          podSelector: {},
          egress: [{ ports: [{ port: 53, protocol: "TCP" }] }],
          policyTypes: ["Ingress", "Egress"],
        },
      },
    ],
    [
      "a role binding",
      "RoleBinding",
      {
        roleRef: { kind: "Role", name: "r" },
        subjects: [
          { kind: "User", name: "u" },
          { kind: "ServiceAccount", name: "s" },
        ],
      },
      {
        roleRef: { kind: "Role", name: "r", apiGroup: "rbac.authorization.k8s.io" },
        subjects: [
          { kind: "User", name: "u", apiGroup: "rbac.authorization.k8s.io" },
          { kind: "ServiceAccount", name: "s" },
        ],
      },
    ],
  ];

  it.each(table)("fills %s", (_name, kind, given, expected) => {
    const first = defaulted(kind, given);
    expect(first).toEqual(expected);
    expect(defaulted(kind, first), "idempotent").toEqual(expected);
  });

  it("fills probes, ports, field references and volumes of a pod", () => {
    const pod = defaulted("Pod", {
      spec: {
        hostNetwork: true,
        serviceAccount: "robot",
        containers: [
          {
            name: "a",
            image: "a@sha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef",
            ports: [{ containerPort: 80 }],
            env: [{ name: "N", valueFrom: { fieldRef: { fieldPath: "metadata.name" } } }],
            livenessProbe: { httpGet: { port: 80 } },
            resources: { limits: { cpu: "0.5", memory: "1Gi" }, requests: { cpu: "100m" } },
          },
        ],
        volumes: [
          { name: "none" },
          { name: "token", projected: { sources: [{ serviceAccountToken: { path: "t" } }] } },
          { name: "host", hostPath: { path: "/" } },
        ],
      },
    });
    expect(pod).toMatchObject({
      spec: {
        serviceAccount: "robot",
        serviceAccountName: "robot",
        containers: [
          {
            imagePullPolicy: "IfNotPresent",
            ports: [{ containerPort: 80, hostPort: 80, protocol: "TCP" }],
            env: [{ valueFrom: { fieldRef: { apiVersion: "v1" } } }],
            livenessProbe: {
              httpGet: { path: "/", scheme: "HTTP" },
              timeoutSeconds: 1,
              periodSeconds: 10,
              successThreshold: 1,
              failureThreshold: 3,
            },
            resources: { requests: { cpu: "100m", memory: "1Gi" } },
          },
        ],
        volumes: [
          { name: "none", emptyDir: {} },
          { projected: { defaultMode: 420, sources: [{ serviceAccountToken: { expirationSeconds: 3600 } }] } },
          { hostPath: { path: "/", type: "" } },
        ],
      },
    });
  });

  it("keeps what an autoscaler says in either version", () => {
    const v2 = {
      apiVersion: "autoscaling/v2",
      kind: "HorizontalPodAutoscaler",
      metadata: { name: "h", annotations: { mine: "kept" } },
      spec: {
        maxReplicas: 3,
        scaleTargetRef: { kind: "Deployment", name: "d" },
        metrics: [
          { type: "Pods", pods: { metric: { name: "q" }, target: { type: "AverageValue", averageValue: "10" } } },
          { type: "Resource", resource: { name: "cpu", target: { type: "Utilization", averageUtilization: 50 } } },
        ],
      },
      status: { currentReplicas: 0, desiredReplicas: 0, currentMetrics: [] },
    };
    const { storage } = find("HorizontalPodAutoscaler", "autoscaling/v1");
    const v1 = storage?.fromStorage(v2 as UnknownObject);
    expect(v1).toMatchObject({ apiVersion: "autoscaling/v1", spec: { targetCPUUtilizationPercentage: 50 } });
    expect(storage?.toStorage(v1 as UnknownObject)).toEqual(v2);
  });
});
