import { generateKeyPairSync } from "node:crypto";
import { beforeEach, describe, expect, it } from "vitest";
import { certificateSigningRequest } from "../../kinds/certificates/certificate-signing-request/definition.ts";
import { pod as podKind } from "../../kinds/core/pod/definition.ts";
import { fixedCertificate } from "../../lib/certificate-source.ts";
import { FakeClock } from "../../lib/fake-clock.ts";
import type { UnknownObject } from "../../machinery/meta/object.ts";
import { createAuthorizer } from "../authorization/index.ts";
import { KubeletConnections } from "../streaming/kubelet-connection.ts";
import { FakeObjects } from "../testing/fake-objects.ts";
import type { RequestInfo, SubresourceHandler, SubresourceRequest } from "../types.ts";
import { createSubresourceHandlers } from "./index.ts";

describe("subresources", () => {
  let objects: FakeObjects;
  let handlers: SubresourceHandler[];

  beforeEach(() => {
    objects = new FakeObjects();
    const authorizer = createAuthorizer({ reader: objects });
    const { privateKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
    handlers = createSubresourceHandlers({
      authenticator: { authenticate: () => ({ username: "x", groups: [] }), authenticateToken: async () => undefined },
      authorizer,
      tokens: { issuer: "https://issuer", audiences: [], privateKey },
      kubelets: new KubeletConnections({ ca: "", client: fixedCertificate({ certificate: "", privateKey: "" }) }),
      clock: new FakeClock(),
    });
    objects.put("", "pods", {
      metadata: { name: "p", namespace: "default", uid: "u", resourceVersion: "1", labels: { app: "a" } },
      spec: { containers: [{ name: "c", image: "x", resources: { requests: { cpu: "1" } } }] },
      status: { phase: "Running", conditions: [{ type: "Ready", status: "True" }] },
    });
  });

  async function call(path: string, verb: string, body?: object, more: Partial<SubresourceRequest> = {}) {
    const [group = "", resource = "", name = "", subresource = ""] = path.split("/");
    const handler = handlers.find((one) => one.plural === resource && one.subresource === subresource);
    if (handler?.handle === undefined) throw new Error(`no handler for ${path}`);
    const info = { group, resource, name, subresource, verb, namespace: "default", query: new URLSearchParams() };
    const request = {
      info: info as RequestInfo,
      user: { username: "bob", groups: ["system:authenticated"] },
      reader: objects,
      writer: objects,
      body: body as UnknownObject,
      dryRun: false,
      ...more,
    };
    return (await handler.handle(request as SubresourceRequest)).object;
  }
  const stored = (): UnknownObject | undefined => objects.get("", "pods", "default", "p");

  it("binds a pod once, with a PodScheduled condition", async () => {
    const binding = { metadata: { name: "p" }, target: { kind: "Node", name: "n1" } };
    expect(await call("/pods/p/binding", "create", binding)).toMatchObject({ status: "Success" });
    expect(stored()).toMatchObject({
      spec: { nodeName: "n1" },
      status: { conditions: [{}, { type: "PodScheduled" }] },
    });
    await expect(call("/bindings", "create", binding)).rejects.toThrow(
      'Operation cannot be fulfilled on pods/binding "p": pod p is already assigned to node "n1"',
    );
  });

  it("refuses a binding with another pod's UID and one that names no node", async () => {
    const other = { metadata: { name: "p", uid: "other" }, target: { kind: "Node", name: "n1" } };
    await expect(call("/pods/p/binding", "create", other)).rejects.toThrow("Precondition failed: UID");
    await expect(call("/pods/p/binding", "create", { metadata: { name: "p" }, target: {} })).rejects.toThrow(
      "target.name",
    );
  });

  it("evicts within the disruption budget only", async () => {
    const budget = (disruptionsAllowed: number): void =>
      objects.put("policy", "poddisruptionbudgets", {
        metadata: { name: "b", namespace: "default" },
        spec: { selector: { matchLabels: { app: "a" } } },
        status: { disruptionsAllowed, currentHealthy: 1, desiredHealthy: 1, expectedPods: 1 },
      });
    budget(0);
    const evict = () => call("/pods/p/eviction", "create", { metadata: { name: "p" } });
    const error = await evict().catch((cause: unknown) => cause);
    expect(error).toMatchObject({
      message: "Cannot evict pod as it would violate the pod's disruption budget.",
      status: {
        code: 429,
        details: {
          causes: [
            {
              reason: "DisruptionBudget",
              message: "The disruption budget b needs 1 healthy pods and has 1 currently",
            },
          ],
        },
      },
    });
    budget(1);
    await evict();
    expect(stored()).toBeUndefined();
    expect(objects.get("policy", "poddisruptionbudgets", "default", "b")).toMatchObject({
      status: { disruptionsAllowed: 0, disruptedPods: { p: "2026-01-01T00:00:00Z" } },
    });
  });

  it("shows and sets a workload's scale", async () => {
    objects.put("apps", "deployments", {
      metadata: { name: "d", namespace: "default", uid: "d1", resourceVersion: "5" },
      spec: { replicas: 2, selector: { matchLabels: { app: "a" } } },
    });
    expect(await call("apps/deployments/d/scale", "get")).toMatchObject({
      kind: "Scale",
      spec: { replicas: 2 },
      status: { replicas: 0, selector: "app=a" },
    });
    await call("apps/deployments/d/scale", "update", { metadata: { name: "d" }, spec: { replicas: 5 } });
    expect(objects.get("apps", "deployments", "default", "d")).toMatchObject({ spec: { replicas: 5 } });
    const stale = { metadata: { name: "d", resourceVersion: "4" }, spec: { replicas: 1 } };
    await expect(call("apps/deployments/d/scale", "update", stale)).rejects.toThrow("has been modified");
    await expect(call("apps/deployments/d/scale", "update", { spec: { replicas: -1 } })).rejects.toThrow(
      "spec.replicas",
    );
  });

  it("adds ephemeral containers but changes none, and resizes CPU but not the class of service", async () => {
    const spec = (stored()?.["spec"] ?? {}) as object;
    const debug = { name: "dbg", image: "busybox" };
    const kind = podKind;
    await call("/pods/p/ephemeralcontainers", "update", { spec: { ...spec, ephemeralContainers: [debug] } }, { kind });
    expect(stored()).toMatchObject({ spec: { ephemeralContainers: [{ name: "dbg", imagePullPolicy: "Always" }] } });
    const none = { spec: { ...spec, ephemeralContainers: [] } };
    const without = call("/pods/p/ephemeralcontainers", "update", none, { kind });
    await expect(without).rejects.toThrow('existing ephemeral containers "dbg" may not be removed');
    const resize = (resources: object) =>
      call("/pods/p/resize", "update", { spec: { containers: [{ name: "c", image: "x", resources }] } }, { kind });
    await resize({ requests: { cpu: "2" } });
    expect(stored()).toMatchObject({ spec: { containers: [{ resources: { requests: { cpu: "2" } } }] } });
    await expect(resize({})).rejects.toThrow("Pod QOS Class may not change as a result of resizing");
  });

  it("reviews access for the caller and for others", async () => {
    const attributes = { resourceAttributes: { verb: "get", resource: "pods", namespace: "default" } };
    const self = await call("authorization.k8s.io/selfsubjectaccessreviews", "create", { spec: attributes });
    expect(self).toMatchObject({ status: { allowed: false } });
    const master = { spec: { ...attributes, user: "root", groups: ["system:masters"] } };
    expect(await call("authorization.k8s.io/subjectaccessreviews", "create", master)).toMatchObject({
      status: { allowed: true },
    });
    await expect(call("authorization.k8s.io/subjectaccessreviews", "create", { spec: attributes })).rejects.toThrow(
      "at least one of user or group must be specified",
    );
  });

  it("keeps a decision on a signing request once it is made", async () => {
    const group = "certificates.k8s.io";
    const condition = { type: "Approved", status: "True", reason: "x" };
    objects.put(group, "certificatesigningrequests", {
      metadata: { name: "c", resourceVersion: "1" },
      spec: { signerName: "s" },
    });
    const decide = (conditions: object[]) =>
      call(
        `${group}/certificatesigningrequests/c/approval`,
        "update",
        { status: { conditions } },
        {
          kind: certificateSigningRequest,
          info: {
            group,
            resource: "certificatesigningrequests",
            name: "c",
            subresource: "approval",
            namespace: "",
          } as RequestInfo,
        },
      );
    expect(await decide([condition])).toMatchObject({
      status: { conditions: [{ lastUpdateTime: "2026-01-01T00:00:00Z" }] },
    });
    await expect(decide([])).rejects.toThrow('updates may not remove a condition of type "Approved"');
  });
});
