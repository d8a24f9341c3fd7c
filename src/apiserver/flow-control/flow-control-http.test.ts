/** Priority and fairness over HTTP: headers, refusals, and the objects that a server makes for it. */
import { request } from "node:https";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { TestClient } from "../client-for-test.ts";
import { startForTest, type TestServer } from "../start-for-test.ts";

const flowcontrol = "/apis/flowcontrol.apiserver.k8s.io/v1";
const schemas = `${flowcontrol}/flowschemas`;
const levels = `${flowcontrol}/prioritylevelconfigurations`;
const schemaHeader = "x-kubernetes-pf-flowschema-uid";
const levelHeader = "x-kubernetes-pf-prioritylevel-uid";
const asAlice = { "impersonate-user": "alice", "impersonate-group": "system:authenticated" };

let server: TestServer;
let client: TestClient;

beforeAll(async () => {
  server = await startForTest();
  client = new TestClient(server);
});

afterAll(async () => {
  client.close();
  await server.stop();
});

/** Waits for an event of a FlowSchema whose Dangling condition has a status. */
async function dangling(name: string, status: string): Promise<void> {
  const watch = await client.watch(`${schemas}?watch=true&fieldSelector=metadata.name=${name}`);
  for (let count = 1; ; count++) {
    await watch.until(count);
    const conditions = watch.events[count - 1]?.object.status?.conditions ?? [];
    if (conditions.some((one: { type: string; status: string }) => one.type === "Dangling" && one.status === status)) {
      break;
    }
  }
  watch.stop();
}

/** A write whose body never ends, so that it keeps its seat. */
function holdSeat(): { readonly stop: () => void } {
  const { ca, admin } = server.pki;
  const outgoing = request(`${server.url}/api/v1/namespaces/default/configmaps`, {
    method: "POST",
    headers: { "content-type": "application/json", ...asAlice },
    ca,
    cert: admin.certificate,
    key: admin.privateKey,
  });
  outgoing.on("error", () => undefined);
  outgoing.write("{");
  return { stop: () => outgoing.destroy() };
}

describe("priority and fairness", () => {
  it("names the flow schema and its level in every answer, refusals by authorization too", async () => {
    const exempt = (await client.get(`${schemas}/exempt`)).body.metadata.uid;
    const version = await client.get("/version");
    expect(version.headers[schemaHeader]).toBe(exempt);
    expect(version.headers[levelHeader]).toBe((await client.get(`${levels}/exempt`)).body.metadata.uid);
    const refused = await client.get("/api/v1/secrets", asAlice);
    expect(refused.code).toBe(403);
    expect(refused.headers[schemaHeader]).toBe((await client.get(`${schemas}/global-default`)).body.metadata.uid);
  });

  it("shows levels, queues and requests to administrators", async () => {
    const dumps = "/debug/api_priority_and_fairness";
    const levelsDump = await client.get(`${dumps}/dump_priority_levels`);
    expect(levelsDump.headers["content-type"]).toBe("text/plain; charset=utf-8");
    expect(levelsDump.text).toMatch(
      /^PriorityLevelName, ActiveQueues, IsIdle, +IsQuiescing, .*\ncatch-all, +0, +true, /,
    );
    expect((await client.get(`${dumps}/dump_queues`)).text).toMatch(/^global-default, +127, +0, +0, /m);
    const requests = await client.get(`${dumps}/dump_requests?includeRequestDetails=1`);
    expect(requests.text).toMatch(/^exempt, +exempt, +-1, .* kubernetes-admin, get, +\/debug\//m);
    expect((await client.get(`${dumps}/dump_requests`, asAlice)).code).toBe(403);
  });

  it("reports the default schemas as found, and a new one as dangling until its level is there", async () => {
    await dangling("global-default", "False");
    const subjects = [{ kind: "User", user: { name: "alice" } }];
    const everything = { verbs: ["*"], apiGroups: ["*"], resources: ["*"], clusterScope: true, namespaces: ["*"] };
    const rules = [
      {
        subjects,
        resourceRules: [everything],
        nonResourceRules: [{ verbs: ["*"], nonResourceURLs: ["*"] }],
      },
    ];
    const spec = { priorityLevelConfiguration: { name: "narrow" }, matchingPrecedence: 1000, rules };
    expect((await client.post(schemas, { metadata: { name: "alice" }, spec })).code).toBe(201);
    await dangling("alice", "True");
    const limited = { nominalConcurrencyShares: 1, borrowingLimitPercent: 0, limitResponse: { type: "Reject" } };
    await client.post(levels, { metadata: { name: "narrow" }, spec: { type: "Limited", limited } });
    await dangling("alice", "False");
    const metrics = (await client.get("/metrics")).text;
    expect(metrics).toContain('apiserver_flowcontrol_nominal_limit_seats{priority_level="narrow"} 3');
  });

  it("refuses what finds no seat, lets watches go on without one, and leaves others alone", async () => {
    await client.post("/api/v1/namespaces", { metadata: { name: "default" } });
    await client.post("/apis/rbac.authorization.k8s.io/v1/clusterrolebindings", {
      metadata: { name: "alice" },
      roleRef: { apiGroup: "rbac.authorization.k8s.io", kind: "ClusterRole", name: "cluster-admin" },
      subjects: [{ kind: "User", name: "alice", apiGroup: "rbac.authorization.k8s.io" }],
    });
    const watches = await Promise.all([1, 2, 3, 4].map(() => client.watch("/api/v1/namespaces?watch=true", asAlice)));
    await Promise.all(watches.map((one) => one.until(1)));
    const held = [1, 2, 3].map(holdSeat);
    const seats = async (): Promise<number> => {
      const { text } = await client.get("/metrics");
      return Number(/current_executing_seats\{flow_schema="alice",priority_level="narrow"\} (\d+)/.exec(text)?.[1]);
    };
    while ((await seats()) < 3) await new Promise((resolve) => setTimeout(resolve, 5));
    const refused = await client.get("/version", asAlice);
    expect(refused).toMatchObject({ code: 429, text: "Too many requests, please try again later.\n" });
    expect(refused.headers["retry-after"]).toBe("1");
    expect(refused.headers[levelHeader]).toBe((await client.get(`${levels}/narrow`)).body.metadata.uid);
    expect((await client.get("/version")).code).toBe(200);
    for (const one of held) one.stop();
    while ((await seats()) > 0) await new Promise((resolve) => setTimeout(resolve, 5));
    expect((await client.get("/version", asAlice)).code).toBe(200);
    for (const one of watches) one.stop();
  });
});
