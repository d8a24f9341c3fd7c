/** What is in the audit log, and what is not: who did what with which outcome, under the default policy and a user's. */
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { defaultAuditPolicy } from "../../src/apiserver/audit/default-policy.ts";
import { TestClient } from "../../src/apiserver/client-for-test.ts";
import { startForTest, type TestServer } from "../../src/apiserver/start-for-test.ts";
import { createClient } from "../../src/client/client.ts";
import { parseAuditPolicy } from "../../src/machinery/audit/policy.ts";

// biome-ignore lint/suspicious/noExplicitAny: tests look into events of every shape
type Event = any;

interface Audited {
  readonly server: TestServer;
  readonly client: TestClient;
  /** The events of the request with that audit ID, once its last stage is there. */
  of(auditId: string): Promise<Event[]>;
  readonly lines: string[];
}

async function startWith(policy: object): Promise<Audited> {
  const lines: string[] = [];
  const wake = new Set<() => void>();
  const write = (line: string): void => {
    lines.push(line);
    for (const one of wake) one();
  };
  const server = await startForTest({ audit: { policy: parseAuditPolicy(policy), write } });
  return {
    server,
    client: new TestClient(server),
    lines,
    async of(auditId) {
      for (;;) {
        const events = lines.map((line) => JSON.parse(line)).filter((event: Event) => event.auditID === auditId);
        if (
          events.some(
            ({ stage, responseStatus }: Event) => stage === "ResponseComplete" || responseStatus?.code === 401,
          )
        )
          return events;
        await new Promise<void>((resolve) => wake.add(resolve));
      }
    },
  };
}

const head = { apiVersion: "audit.k8s.io/v1", kind: "Policy" };
const core = "/api/v1/namespaces/default";
const secret = (name: string) => ({
  apiVersion: "v1",
  kind: "Secret",
  metadata: { name, labels: { a: "b" } },
  stringData: { password: "correct horse" },
});

describe("the default policy", () => {
  let audited: Audited;
  beforeAll(async () => {
    audited = await startWith({ ...head, ...defaultAuditPolicy });
  });
  afterAll(async () => {
    audited.client.close();
    await audited.server.stop();
  });

  it("says of a write who, what, when and with which outcome, and nothing of what is in it", async () => {
    const { client, lines } = audited;
    const answer = await client.post(`${core}/secrets?fieldManager=me`, secret("one"));
    const [event, ...others] = await audited.of(String(answer.headers["audit-id"]));
    expect(others).toEqual([]);
    expect(event).toMatchObject({
      kind: "Event",
      apiVersion: "audit.k8s.io/v1",
      level: "Metadata",
      stage: "ResponseComplete",
      requestURI: `${core}/secrets?fieldManager=me`,
      verb: "create",
      user: { username: "kubernetes-admin", groups: ["system:masters", "system:authenticated"] },
      sourceIPs: ["127.0.0.1"],
      objectRef: { resource: "secrets", namespace: "default", name: "one", apiVersion: "v1" },
      responseStatus: { metadata: {}, code: 201 },
      annotations: { "authorization.k8s.io/decision": "allow", "authorization.k8s.io/reason": "" },
    });
    expect(event.requestReceivedTimestamp).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z$/);
    expect(event.requestObject ?? event.responseObject).toBeUndefined();
    await client.patch(`${core}/secrets/one`, { stringData: { password: "correct horse" } });
    const token = await client.post(`${core}/serviceaccounts/none/token`, { spec: {} });
    await audited.of(String(token.headers["audit-id"]));
    const encoded = Buffer.from("correct horse").toString("base64");
    expect(lines.filter((line) => line.includes("correct horse") || line.includes(encoded))).toEqual([]);
  });

  it("repeats little of what a client sends, so that nobody fills it, and breaks no line", async () => {
    const { client, lines } = audited;
    const long = "a\n".repeat(500_000);
    const labels = Object.fromEntries(Array.from({ length: 5_000 }, (_, index) => [`!${index}`, "!".repeat(100)]));
    const answers = [
      await client.post(`${core}/configmaps`, { metadata: { name: long } }),
      await client.post(`${core}/configmaps`, { metadata: { name: "x", labels } }),
      await client.post(`${core}/configmaps`, { kind: long }),
      await client.put(`${core}/configmaps/x`, { metadata: { name: "x", uid: long, resourceVersion: long } }),
    ];
    for (const answer of answers) {
      expect(answer.code).toBeGreaterThanOrEqual(400);
      await audited.of(String(answer.headers["audit-id"]));
    }
    expect(Math.max(...lines.map((line) => line.length))).toBeLessThan(48 * 1024);
    expect(lines.filter((line) => line.includes("\n"))).toEqual([]);
  });

  it("has nothing of a Secret that cannot be read", async () => {
    const { client, lines } = audited;
    const bodies = [
      `{"data":{"password":"secret value"}}`,
      `{"stringData":{"password":["secret value"]}}`,
      `{"stringData":"secret value"}`,
      `{"stringData":{"password":"secret value"`,
      `{"metadata":{"name":"x"},"type":"kubernetes.io/dockerconfigjson","stringData":{".dockerconfigjson":"secret value"}}`,
      `{"metadata":{"name":"x"},"stringData":{"a/b":"secret value"}}`,
    ];
    for (const body of bodies) {
      for (const type of ["application/json", "application/yaml"]) {
        const answer = await client.send("POST", `${core}/secrets`, { body, headers: { "content-type": type } });
        expect(answer.code).toBeGreaterThanOrEqual(400);
        await audited.of(String(answer.headers["audit-id"]));
      }
    }
    expect(lines.filter((line) => line.includes("secret value"))).toEqual([]);
  });

  it("says of a refused write why, and of an unknown user that there was one", async () => {
    const refused = await audited.client.send("DELETE", "/api/v1/nodes/x", { authenticated: false });
    const [event] = await audited.of(String(refused.headers["audit-id"]));
    expect(event).toMatchObject({
      user: { username: "system:anonymous" },
      responseStatus: { status: "Failure", reason: "Forbidden", code: 403 },
      annotations: { "authorization.k8s.io/decision": "forbid" },
    });
    const unknown = await audited.client.send("DELETE", "/api/v1/nodes/x", {
      authenticated: false,
      headers: { authorization: "Bearer nonsense" },
    });
    const [failed] = await audited.of(String(unknown.headers["audit-id"]));
    expect(failed).toMatchObject({
      stage: "ResponseStarted",
      user: {},
      responseStatus: { reason: "Unauthorized", code: 401, message: "Authentication failed, attempted: bearer" },
    });
  });

  it("names both users of an impersonated write, and the client's own ID of it", async () => {
    const headers = { "impersonate-user": "bob", "audit-id": "my-own" };
    const answer = await audited.client.send("POST", `${core}/configmaps`, { body: {}, headers });
    expect(answer.headers["audit-id"]).toBe("my-own");
    const [event] = await audited.of("my-own");
    expect(event).toMatchObject({
      user: { username: "kubernetes-admin" },
      impersonatedUser: { username: "bob" },
      responseStatus: { code: 403 },
    });
  });

  it("leaves out reads, leases, events and reviews, and has every connection into a pod", async () => {
    const { client, lines } = audited;
    const before = lines.length;
    await client.get(`${core}/secrets`);
    await client.post("/apis/authorization.k8s.io/v1/selfsubjectaccessreviews", { spec: {} });
    await client.post(`${core}/events`, { metadata: { name: "e" }, involvedObject: { namespace: "default" } });
    await client.post("/apis/coordination.k8s.io/v1/namespaces/default/leases", { metadata: { name: "l" } });
    const exec = await client.get(`${core}/pods/p/exec?command=sh`);
    const events = await audited.of(String(exec.headers["audit-id"]));
    expect(events.map(({ stage, verb, objectRef }) => [stage, verb, objectRef.subresource])).toEqual([
      ["ResponseStarted", "get", "exec"],
      ["ResponseComplete", "get", "exec"],
    ]);
    expect(lines.length).toBe(before + 2);
  });

  it("notes what Pod Security says", async () => {
    const labels = {
      "pod-security.kubernetes.io/enforce": "baseline",
      "pod-security.kubernetes.io/audit": "restricted",
    };
    await audited.client.post("/api/v1/namespaces", { metadata: { name: "safe", labels } });
    await audited.client.post("/api/v1/namespaces/safe/serviceaccounts", { metadata: { name: "default" } });
    const pod = { metadata: { name: "p" }, spec: { containers: [{ name: "c", image: "i" }] } };
    const answer = await audited.client.post("/api/v1/namespaces/safe/pods", pod);
    const [event] = await audited.of(String(answer.headers["audit-id"]));
    expect(event.annotations).toMatchObject({
      "pod-security.kubernetes.io/enforce-policy": "baseline:latest",
      "pod-security.kubernetes.io/audit-violations": expect.stringContaining(
        'would violate PodSecurity "restricted:latest"',
      ),
    });
  });
});

describe("admission policies", () => {
  it("note what they find and what they are asked to, also where they refuse", async () => {
    const audited = await startWith({ ...head, ...defaultAuditPolicy });
    const { client } = audited;
    const group = "/apis/admissionregistration.k8s.io/v1";
    const rules = [{ apiGroups: [""], apiVersions: ["v1"], operations: ["CREATE"], resources: ["configmaps"] }];
    await client.post(`${group}/validatingadmissionpolicies`, {
      metadata: { name: "named" },
      spec: {
        matchConstraints: { resourceRules: rules },
        validations: [{ expression: "true" }, { expression: "object.metadata.name != 'bad'", message: "bad name" }],
        auditAnnotations: [
          { key: "name", valueExpression: "'it is ' + object.metadata.name" },
          { key: "nothing", valueExpression: "null" },
        ],
      },
    });
    await client.post(`${group}/validatingadmissionpolicybindings`, {
      metadata: { name: "bound" },
      spec: { policyName: "named", validationActions: ["Audit", "Deny"] },
    });
    const answer = await client.post(`${core}/configmaps`, { metadata: { name: "bad" } });
    expect(answer.code).toBe(422);
    const [event] = await audited.of(String(answer.headers["audit-id"]));
    expect(event.annotations["named/name"]).toBe("it is bad");
    expect(event.annotations["named/nothing"]).toBeUndefined();
    expect(JSON.parse(event.annotations["validation.policy.admission.k8s.io/validation_failure"])).toEqual([
      {
        message: "bad name",
        policy: "named",
        binding: "bound",
        expressionIndex: 1,
        validationActions: ["Audit", "Deny"],
      },
    ]);
    client.close();
    await audited.server.stop();
  });
});

describe("what clients say of themselves", () => {
  it("is cut where it is long, and believed of nobody but the connection", async () => {
    const audited = await startWith({ ...head, ...defaultAuditPolicy });
    const headers = { "x-forwarded-for": "10.1.2.3, nonsense", "user-agent": "a".repeat(2000) };
    const path = `${core}/configmaps?fieldManager=${"b".repeat(20_000)}`;
    const answer = await audited.client.send("POST", path, { body: { metadata: { name: "m" } }, headers });
    const [event] = await audited.of(String(answer.headers["audit-id"]));
    expect(event.sourceIPs).toEqual(["10.1.2.3", "127.0.0.1"]);
    expect(event.userAgent).toMatch(/^a{1024}\.\.\.TRUNCATED$/);
    expect(event.requestURI).toHaveLength(16 * 1024 + "...TRUNCATED".length);
    audited.client.close();
    await audited.server.stop();
  });
});

describe("over HTTP/2", () => {
  it("knows where a request came from", async () => {
    const audited = await startWith({ ...head, ...defaultAuditPolicy });
    const { ca, admin } = audited.server.pki;
    const client = createClient({
      server: audited.server.url,
      ca,
      cert: admin.certificate,
      key: admin.privateKey,
      userAgent: "two",
    });
    await client.request("POST", `${core}/configmaps`, {
      apiVersion: "v1",
      kind: "ConfigMap",
      metadata: { name: "h2" },
    });
    const line = await vi.waitFor(() => {
      const found = audited.lines.find((one) => one.includes('"name":"h2"'));
      expect(found).toBeDefined();
      return found ?? "";
    });
    expect(JSON.parse(line)).toMatchObject({
      sourceIPs: ["127.0.0.1"],
      userAgent: "two",
      responseStatus: { code: 201 },
    });
    client.close();
    audited.client.close();
    await audited.server.stop();
  });
});

describe("a policy of one's own", () => {
  let audited: Audited;
  beforeAll(async () => {
    audited = await startWith({
      ...head,
      omitManagedFields: true,
      rules: [
        { level: "Request", resources: [{ resources: ["configmaps"] }], verbs: ["patch"] },
        { level: "RequestResponse", resources: [{ resources: ["configmaps"] }] },
      ],
    });
  });
  afterAll(async () => {
    audited.client.close();
    await audited.server.stop();
  });

  it("gets the bodies that it asks for, at every stage, without managed fields", async () => {
    const map = { apiVersion: "v1", kind: "ConfigMap", metadata: { name: "m" }, data: { a: "b" } };
    const answer = await audited.client.post(`${core}/configmaps`, map);
    const events = await audited.of(String(answer.headers["audit-id"]));
    expect(events.map(({ stage }) => stage)).toEqual(["RequestReceived", "ResponseComplete"]);
    expect(events[1].requestObject).toMatchObject(map);
    expect(events[1].responseObject).toMatchObject({ metadata: { name: "m", namespace: "default" }, data: { a: "b" } });
    expect(events[1].responseObject.metadata.managedFields).toBeUndefined();
    const patched = await audited.client.patch(`${core}/configmaps/m`, { data: { c: "d" } });
    const [, patch] = await audited.of(String(patched.headers["audit-id"]));
    expect([patch.requestObject, patch.responseObject]).toEqual([{ data: { c: "d" } }, undefined]);
    const gone = await audited.client.delete(`${core}/configmaps/none`);
    const [, missing] = await audited.of(String(gone.headers["audit-id"]));
    expect(missing.responseStatus).toMatchObject({ status: "Failure", reason: "NotFound", code: 404 });
  });

  it("says of a watch when it begins and when it ends", async () => {
    const watch = await audited.client.watch(`${core}/configmaps?watch=true`, { "audit-id": "watching" });
    watch.stop();
    const events = await audited.of("watching");
    expect(events.map(({ stage, responseStatus }) => [stage, responseStatus?.code])).toEqual([
      ["RequestReceived", undefined],
      ["ResponseStarted", 200],
      ["ResponseComplete", 200],
    ]);
  });
});
