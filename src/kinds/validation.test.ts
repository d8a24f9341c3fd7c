import { describe, expect, it } from "vitest";
import type { FieldError } from "../machinery/errors/field-error.ts";
import type { KindDefinition } from "../machinery/kind.ts";
import type { UnknownObject } from "../machinery/meta/object.ts";
import { builtInKinds } from "./index.ts";

function find(kind: string, group?: string): KindDefinition {
  const found = builtInKinds.findLast((one) => one.kind === kind && (group === undefined || one.group === group));
  if (found === undefined) throw new Error(`no kind ${kind}`);
  return found;
}

const context = { now: Date.UTC(2026, 0, 2, 3, 4, 5), namespace: "default", username: "tester" };

/** As the registry does it: default, prepare, validate. */
function admitted(kind: string, given: object): UnknownObject {
  const definition = find(kind);
  const object = structuredClone(given) as UnknownObject;
  object.metadata = { name: "x", namespace: "default", uid: "u1", ...object.metadata };
  definition.applyDefaults?.(object);
  definition.prepareForCreate?.(object, context);
  return object;
}

const brief = (errors: readonly FieldError[] | undefined) => (errors ?? []).map(({ message }) => message);
const created = (kind: string, given: object) => brief(find(kind).validate?.(admitted(kind, given)));

function updated(kind: string, given: object, change: (object: never) => void): string[] {
  const definition = find(kind);
  const old = admitted(kind, given);
  const now = structuredClone(old);
  change(now as never);
  definition.prepareForUpdate?.(now, old, context);
  return brief(definition.validateUpdate?.(now, old, () => undefined));
}

const container = { name: "a", image: "a:1" };
const pod = (spec: object) => ({ spec: { containers: [container], ...spec } });
const template = { metadata: { labels: { app: "a" } }, spec: { containers: [container] } };
const workload = (spec: object = {}) => ({ spec: { selector: { matchLabels: { app: "a" } }, template, ...spec } });

describe("what is refused on create", () => {
  const table: [string, string, object, string[]][] = [
    ["a good pod", "Pod", pod({}), []],
    ["a pod without containers", "Pod", { spec: {} }, ["spec.containers: Required value"]],
    [
      "containers without name and image",
      "Pod",
      { spec: { containers: [{}] } },
      ["spec.containers[0].name: Required value", "spec.containers[0].image: Required value"],
    ],
    [
      "two containers of one name and a mount of no volume",
      "Pod",
      pod({ containers: [{ ...container, volumeMounts: [{ name: "v", mountPath: "/v" }] }, container] }),
      ['spec.containers[0].volumeMounts[0].name: Not found: "v"', 'spec.containers[1].name: Duplicate value: "a"'],
    ],
    [
      "requests above limits",
      "Pod",
      pod({ containers: [{ ...container, resources: { requests: { cpu: "2" }, limits: { cpu: "1" } } }] }),
      ['spec.containers[0].resources.requests: Invalid value: "2": must be less than or equal to cpu limit of 1'],
    ],
    [
      "a restart policy that is none",
      "Pod",
      pod({ restartPolicy: "Sometimes" }),
      ['spec.restartPolicy: Unsupported value: "Sometimes": supported values: "Always", "OnFailure", "Never"'],
    ],
    [
      "a probe without handler, and one with two",
      "Pod",
      pod({
        containers: [
          { ...container, livenessProbe: {}, readinessProbe: { exec: { command: ["a"] }, tcpSocket: { port: 1 } } },
        ],
      }),
      [
        "spec.containers[0].livenessProbe: Required value: must specify a handler type",
        "spec.containers[0].readinessProbe.tcpSocket: Forbidden: may not specify more than 1 handler type",
      ],
    ],
    ["a good deployment", "Deployment", workload(), []],
    [
      "a selector that does not match",
      "Deployment",
      workload({ selector: { matchLabels: { app: "b" } } }),
      ['spec.template.metadata.labels: Invalid value: {"app":"a"}: `selector` does not match template `labels`'],
    ],
    [
      "a deployment that may do nothing",
      "Deployment",
      workload({ replicas: -1, strategy: { rollingUpdate: { maxSurge: 0, maxUnavailable: 0 } } }),
      [
        "spec.replicas: Invalid value: -1: must be greater than or equal to 0",
        "spec.strategy.rollingUpdate.maxUnavailable: Invalid value: 0: may not be 0 when `maxSurge` is 0",
      ],
    ],
    ["a good stateful set", "StatefulSet", workload({ volumeClaimTemplates: [{ metadata: { name: "d" } }] }), []],
    ["a good daemon set", "DaemonSet", workload(), []],
    [
      "a job whose pods restart for ever",
      "Job",
      { spec: { template: { spec: { containers: [container] } } } },
      ['spec.template.spec.restartPolicy: Required value: valid values: "OnFailure", "Never"'],
    ],
    [
      "a good job, with generated labels",
      "Job",
      { spec: { template: { spec: { restartPolicy: "Never", containers: [container] } } } },
      [],
    ],
    [
      "a schedule of four fields",
      "CronJob",
      {
        spec: {
          schedule: "* * * *",
          jobTemplate: { spec: { template: { spec: { restartPolicy: "Never", containers: [container] } } } },
        },
      },
      ['spec.schedule: Invalid value: "* * * *": expected exactly 5 fields, found 4: [* * * *]'],
    ],
    ["a good service", "Service", { spec: { ports: [{ port: 80 }] } }, []],
    [
      "ports without names",
      "Service",
      { spec: { ports: [{ port: 80 }, { port: 81, name: "b" }] } },
      ["spec.ports[0].name: Required value"],
    ],
    ["a headless service without ports", "Service", { spec: { clusterIP: "None", clusterIPs: ["None"] } }, []],
    [
      "a config map key",
      "ConfigMap",
      { data: { "a/b": "" } },
      [
        "data[a/b]: Invalid value: \"a/b\": a valid config key must consist of alphanumeric characters, '-', '_' or '.' (e.g. 'key.name',  or 'KEY_NAME',  or 'key-name', regex used for validation is '[-._a-zA-Z0-9]+')",
      ],
    ],
    [
      "a TLS secret without a key",
      "Secret",
      { type: "kubernetes.io/tls", data: { "tls.crt": "" } },
      ["data[tls.key]: Required value"],
    ],
    [
      "a claim of nothing",
      "PersistentVolumeClaim",
      { spec: {} },
      [
        "spec.accessModes: Required value: at least 1 access mode is required",
        "spec.resources[storage]: Required value",
      ],
    ],
    [
      "an ingress path",
      "Ingress",
      {
        spec: {
          rules: [
            { http: { paths: [{ path: "x", pathType: "Prefix", backend: { service: { name: "s", port: {} } } }] } },
          ],
        },
      },
      [
        'spec.rules[0].http.paths[0].path: Invalid value: "x": must be an absolute path',
        "spec.rules[0].http.paths[0].backend: Required value: port name or number is required",
      ],
    ],
    [
      "an except outside its block",
      "NetworkPolicy",
      {
        spec: { podSelector: {}, ingress: [{ from: [{ ipBlock: { cidr: "10.0.0.0/8", except: ["11.0.0.0/16"] } }] }] },
      },
      ['spec.ingress[0].from[0].ipBlock.except[0]: Invalid value: "11.0.0.0/16": must be a strict subset of `cidr`'],
    ],
    [
      "a rule without verbs",
      "Role",
      { rules: [{ apiGroups: [""], resources: ["pods"] }] },
      ["rules[0].verbs: Required value: verbs must contain at least one value"],
    ],
    [
      "a binding to nothing",
      "ClusterRoleBinding",
      { roleRef: { kind: "Role", name: "" }, subjects: [{ kind: "ServiceAccount", name: "s" }] },
      [
        'roleRef.kind: Unsupported value: "Role": supported values: "ClusterRole"',
        "roleRef.name: Required value",
        "subjects[0].namespace: Required value",
      ],
    ],
    [
      "an autoscaler without a maximum",
      "HorizontalPodAutoscaler",
      { spec: { scaleTargetRef: { apiVersion: "apps/v1", kind: "Deployment", name: "d" } } },
      [
        "spec.maxReplicas: Required value: must be set and greater than 0",
        "spec.maxReplicas: Invalid value: 0: must be greater than or equal to `minReplicas`",
      ],
    ],
    [
      "a user's priority",
      "PriorityClass",
      { value: 1_000_000_001 },
      ["value: Forbidden: maximum allowed value of a user defined priority is 1000000000"],
    ],
  ];

  it.each(table)("%s", (_name, kind, given, expected) => {
    expect(created(kind, given)).toEqual(expected);
  });
});

describe("what may not change", () => {
  it("lets a pod's image change, and nothing else", () => {
    expect(
      updated("Pod", pod({}), (object: { spec: { containers: { image: string }[] } }) => {
        for (const one of object.spec.containers) one.image = "b:2";
      }),
    ).toEqual([]);
    const errors = updated("Pod", pod({}), (object: { spec: { hostname: string } }) => {
      object.spec.hostname = "h";
    });
    expect(errors).toHaveLength(1);
    expect(errors[0]).toMatch(
      /^spec: Forbidden: pod updates may not change fields other than `spec\.containers\[\*\]\.image`,/,
    );
  });

  const table: [string, string, object, (object: never) => void, string[]][] = [
    [
      "a deployment's selector",
      "Deployment",
      workload(),
      (object: { spec: { selector: object } }) => {
        object.spec.selector = { matchLabels: { app: "b" } };
      },
      ['spec.selector: Invalid value: {"matchLabels":{"app":"b"}}: field is immutable'],
    ],
    [
      "a stateful set's service",
      "StatefulSet",
      workload(),
      (object: { spec: { serviceName: string } }) => {
        object.spec.serviceName = "b";
      },
      [
        "spec: Forbidden: updates to statefulset spec for fields other than 'replicas', 'ordinals', 'template', 'updateStrategy', 'revisionHistoryLimit', 'persistentVolumeClaimRetentionPolicy' and 'minReadySeconds' are forbidden",
      ],
    ],
    [
      "a stateful set's replicas may",
      "StatefulSet",
      workload(),
      (object: { spec: { replicas: number } }) => {
        object.spec.replicas = 5;
      },
      [],
    ],
    [
      "an immutable config map",
      "ConfigMap",
      { immutable: true, data: { a: "b" } },
      (object: { data: object }) => {
        object.data = { a: "c" };
      },
      ["data: Forbidden: field is immutable when `immutable` is set"],
    ],
    [
      "a service's address",
      "Service",
      { spec: { ports: [{ port: 80 }], clusterIP: "10.0.0.1", clusterIPs: ["10.0.0.1"] } },
      (object: { spec: { clusterIP: string; clusterIPs: string[] } }) => {
        object.spec.clusterIP = "10.0.0.2";
        object.spec.clusterIPs = ["10.0.0.2"];
      },
      ['spec.clusterIPs[0]: Invalid value: ["10.0.0.2"]: may not change once set'],
    ],
    [
      "a secret's type",
      "Secret",
      {},
      (object: { type: string }) => {
        object.type = "other";
      },
      ['type: Invalid value: "other": field is immutable'],
    ],
    [
      "a claim's access modes",
      "PersistentVolumeClaim",
      { spec: { accessModes: ["ReadWriteOnce"], resources: { requests: { storage: "1Gi" } } } },
      (object: { spec: { accessModes: string[] } }) => {
        object.spec.accessModes = ["ReadWriteMany"];
      },
      [
        'spec: Forbidden: spec is immutable after creation except resources.requests and volumeAttributesClassName for bound claims\n- accessModes[0]: "ReadWriteOnce"\n+ accessModes[0]: "ReadWriteMany"',
      ],
    ],
    [
      "a claim's volume may be named once",
      "PersistentVolumeClaim",
      { spec: { accessModes: ["ReadWriteOnce"], resources: { requests: { storage: "1Gi" } } } },
      (object: { spec: { volumeName: string } }) => {
        object.spec.volumeName = "v";
      },
      [],
    ],
  ];

  it.each(table)("%s", (_name, kind, given, change, expected) => {
    expect(updated(kind, given, change)).toEqual(expected);
  });
});
