import { describe, expect, it } from "vitest";
import type { UnknownObject } from "../machinery/meta/object.ts";
import { deployment } from "./apps/deployment/definition.ts";
import { job } from "./batch/job/definition.ts";
import { namespace } from "./core/namespace/definition.ts";
import { pod } from "./core/pod/definition.ts";
import { service } from "./core/service/definition.ts";

const context = { now: Date.UTC(2026, 0, 2, 3, 4, 5), namespace: "default", username: "tester" };

function prepared(kind: typeof pod, given: object): UnknownObject {
  const object = structuredClone(given) as UnknownObject;
  kind.applyDefaults?.(object);
  kind.prepareForCreate?.(object, context);
  return object;
}

describe("what the API server sets", () => {
  it.each([
    ["BestEffort", {}],
    ["Burstable", { requests: { cpu: "1" } }],
    ["Burstable", { limits: { cpu: "1" } }],
    ["Guaranteed", { limits: { cpu: "1", memory: "1Gi" } }],
  ])("a new pod is pending, and %s with %j", (qosClass, resources) => {
    const object = { status: { phase: "Running" }, spec: { containers: [{ name: "a", image: "a", resources }] } };
    expect(prepared(pod, object)).toMatchObject({ status: { phase: "Pending", qosClass } });
  });

  it.each([
    ["the pod's own period", { spec: { nodeName: "n", terminationGracePeriodSeconds: 30 } }, {}, 30],
    [
      "what the client asks for",
      { spec: { nodeName: "n", terminationGracePeriodSeconds: 30 } },
      { gracePeriodSeconds: 5 },
      5,
    ],
    ["at least a second", { spec: { nodeName: "n" } }, { gracePeriodSeconds: -1 }, 1],
    ["none before it is scheduled", { spec: { terminationGracePeriodSeconds: 30 } }, {}, 0],
    ["none when it has ended", { spec: { nodeName: "n" }, status: { phase: "Failed" } }, { gracePeriodSeconds: 9 }, 0],
  ])("a pod's deletion takes %s", (_name, object, options, seconds) => {
    expect(pod.deletionGracePeriod?.(object as UnknownObject, options)).toBe(seconds);
  });

  it("labels a job's pods with its name and uid", () => {
    const object = prepared(job, { metadata: { name: "j", uid: "u" }, spec: { template: {} } });
    expect(object).toMatchObject({
      spec: {
        selector: { matchLabels: { "batch.kubernetes.io/controller-uid": "u" } },
        template: { metadata: { labels: { "batch.kubernetes.io/job-name": "j", "job-name": "j" } } },
      },
    });
  });

  it("keeps a namespace until its finalizers are gone", () => {
    const object = prepared(namespace, { metadata: { name: "n" } });
    expect(object).toMatchObject({ spec: { finalizers: ["kubernetes"] }, status: { phase: "Active" } });
    expect(namespace.mayRemove?.(object)).toBe(false);
    expect(namespace.mayRemove?.({ ...object, spec: {} } as UnknownObject)).toBe(true);
  });

  it("lets go of a service's address when it becomes an external name", () => {
    const old = { spec: { type: "ClusterIP", clusterIP: "10.0.0.1", clusterIPs: ["10.0.0.1"], ipFamilies: ["IPv4"] } };
    const now = { spec: { ...structuredClone(old.spec), type: "ExternalName", externalName: "a.example" } };
    service.prepareForUpdate?.(now as UnknownObject, old as UnknownObject, context);
    expect(now.spec).toEqual({ type: "ExternalName", externalName: "a.example" });
  });

  it("lets go of a service's node ports and traffic policy when its type has none", () => {
    const ports = [{ port: 80, protocol: "TCP" }];
    const old = {
      spec: { type: "NodePort", ports: [{ ...ports[0], nodePort: 30_000 }], externalTrafficPolicy: "Local" },
    };
    const now = { spec: { ...structuredClone(old.spec), type: "ClusterIP" } };
    service.prepareForUpdate?.(now as UnknownObject, old as UnknownObject, context);
    expect(now.spec).toEqual({ type: "ClusterIP", ports });
    const exposed = { spec: { ...structuredClone(old.spec), type: "ClusterIP", externalIPs: ["192.0.2.1"] } };
    service.prepareForUpdate?.(exposed as UnknownObject, old as UnknownObject, context);
    expect(exposed.spec).toMatchObject({ ports, externalTrafficPolicy: "Local" });
  });

  it("counts a deployment's annotations as a change", () => {
    const old = { metadata: { generation: 3 } };
    const now = { metadata: { generation: 3, annotations: { a: "b" } } };
    deployment.prepareForUpdate?.(now, old, context);
    expect(now.metadata.generation).toBe(4);
  });
});
