import { createServer, type Server } from "node:https";
import type { AddressInfo } from "node:net";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { parseOwnJson } from "../../machinery/codec/json.ts";
import { TestClient } from "../client-for-test.ts";
import { startForTest, type TestServer } from "../start-for-test.ts";

const group = "/apis/admissionregistration.k8s.io/v1";
const maps = "/api/v1/namespaces/default/configmaps";

interface Review {
  readonly request: {
    readonly uid: string;
    readonly operation: string;
    readonly object: { data?: Record<string, string> };
  };
}

let server: TestServer;
let client: TestClient;
let hook: Server;
let respond: (review: Review) => object;
const made: string[] = [];

beforeAll(async () => {
  server = await startForTest();
  client = new TestClient(server);
  await client.post("/api/v1/namespaces", { metadata: { name: "default" } });
  const { serving } = server.pki;
  hook = createServer({ cert: serving.certificate, key: serving.privateKey }, (request, response) => {
    const chunks: Buffer[] = [];
    request.on("data", (chunk: Buffer) => chunks.push(chunk));
    request.on("end", () => {
      const review = parseOwnJson(Buffer.concat(chunks).toString("utf8")) as Review;
      const answer = { uid: review.request.uid, allowed: true, ...respond(review) };
      response.end(JSON.stringify({ apiVersion: "admission.k8s.io/v1", kind: "AdmissionReview", response: answer }));
    });
  });
  await new Promise<void>((resolve) => hook.listen(0, "127.0.0.1", resolve));
});

afterEach(async () => {
  for (const path of made.splice(0)) await client.delete(path);
});

afterAll(async () => {
  client.close();
  hook.closeAllConnections();
  hook.close();
  await server.stop();
});

async function create(plural: string, object: { metadata: { name: string } }): Promise<void> {
  const answer = await client.post(`${group}/${plural}`, object);
  expect(answer.code, answer.text).toBe(201);
  made.push(`${group}/${plural}/${object.metadata.name}`);
}

const rules = [{ apiGroups: [""], apiVersions: ["v1"], operations: ["CREATE", "UPDATE"], resources: ["configmaps"] }];

const webhook = (changes: object = {}): object => ({
  name: "hook.example.com",
  admissionReviewVersions: ["v1"],
  sideEffects: "None",
  clientConfig: {
    url: `https://127.0.0.1:${(hook.address() as AddressInfo).port}/hook`,
    caBundle: Buffer.from(server.pki.ca).toString("base64"),
  },
  rules,
  ...changes,
});

const configMap = (name: string, data: Record<string, string> = {}): object => ({ metadata: { name }, data });

describe("admission webhooks", () => {
  it("change objects by JSON patches and warn", async () => {
    const patch = [{ op: "add", path: "/data/patched", value: "yes" }];
    respond = () => ({
      patchType: "JSONPatch",
      patch: Buffer.from(JSON.stringify(patch)).toString("base64"),
      warnings: ["careful"],
    });
    await create("mutatingwebhookconfigurations", { metadata: { name: "m" }, webhooks: [webhook()] } as never);
    const created = await client.post(maps, configMap("patched", { a: "b" }));
    expect(created.body.data).toEqual({ a: "b", patched: "yes" });
    expect(created.headers["warning"]).toBe('299 - "careful"');
  });

  it("are given integers of 64 bits, and give them", async () => {
    const long = 9007199254740993n;
    const seen: unknown[] = [];
    respond = ({ request: { object } }) => {
      seen.push(object);
      const patch = `[{"op":"test","path":"/revision","value":${long}},{"op":"replace","path":"/revision","value":${long + 2n}}]`;
      return { patchType: "JSONPatch", patch: Buffer.from(patch).toString("base64") };
    };
    const revisionRules = [{ apiGroups: ["apps"], apiVersions: ["v1"], operations: ["*"], resources: ["*"] }];
    const webhooks = [webhook({ rules: revisionRules })];
    await create("mutatingwebhookconfigurations", { metadata: { name: "long" }, webhooks } as never);
    const revisions = "/apis/apps/v1/namespaces/default/controllerrevisions";
    const created = await client.post(revisions, { metadata: { name: "long" }, revision: long, data: { a: long } });
    expect(created.body).toMatchObject({ revision: long + 2n, data: { a: long } });
    expect(seen).toMatchObject([{ revision: long, data: { a: long } }]);
  });

  it("deny with their reason", async () => {
    respond = ({ request }) => ({
      allowed: request.object.data?.["bad"] === undefined,
      status: { message: "no bad data", code: 403 },
    });
    await create("validatingwebhookconfigurations", { metadata: { name: "v" }, webhooks: [webhook()] } as never);
    const denied = await client.post(maps, configMap("denied", { bad: "x" }));
    expect(denied.code).toBe(403);
    expect(denied.body.message).toBe('admission webhook "hook.example.com" denied the request: no bad data');
    expect((await client.post(maps, configMap("allowed", { good: "x" }))).code).toBe(201);
  });

  it("are asked only where rules, selectors and conditions match", async () => {
    respond = () => ({ allowed: false });
    const matchConditions = [{ name: "named", expression: "object.metadata.name != 'skip-me'" }];
    const objectSelector = { matchLabels: { checked: "yes" } };
    const webhooks = [webhook({ matchConditions, objectSelector })];
    await create("validatingwebhookconfigurations", { metadata: { name: "c" }, webhooks } as never);
    const labelled = (name: string): object => ({ metadata: { name, labels: { checked: "yes" } } });
    expect((await client.post(maps, configMap("unlabelled"))).code).toBe(201);
    expect((await client.post(maps, labelled("skip-me"))).code).toBe(201);
    expect((await client.post(maps, labelled("checked"))).code).toBe(400);
  });

  it.each([
    ["Fail", 500],
    ["Ignore", 201],
  ])("that cannot be reached count as their failure policy %s", async (failurePolicy, code) => {
    const clientConfig = { url: "https://127.0.0.1:1/hook" };
    const webhooks = [webhook({ failurePolicy, clientConfig })];
    await create("validatingwebhookconfigurations", { metadata: { name: "f" }, webhooks } as never);
    const answer = await client.post(maps, configMap(`failing-${failurePolicy.toLowerCase()}`));
    expect(answer.code).toBe(code);
    if (code === 500) {
      expect(answer.body.message).toContain(
        'Internal error occurred: failed calling webhook "hook.example.com": failed to call webhook: Post "https://127.0.0.1:1/hook?timeout=10s"',
      );
    }
  });

  it("are refused with conditions that do not compile", async () => {
    const webhooks = [webhook({ matchConditions: [{ name: "a", expression: "... [] bad" }] })];
    const answer = await client.post(`${group}/mutatingwebhookconfigurations`, { metadata: { name: "x" }, webhooks });
    expect(answer.code).toBe(422);
    expect(answer.body.message).toContain("webhooks[0].matchConditions[0].expression: Invalid value");
    expect(answer.body.message).toContain("compilation failed");
  });
});

describe("admission policies", () => {
  const matchConstraints = { resourceRules: rules };

  it("deny what an expression says, with variables, parameters and messages", async () => {
    await client.post(maps, configMap("limits", { maximum: "2", free: "free" }));
    await create("validatingadmissionpolicies", {
      metadata: { name: "sizes" },
      spec: {
        matchConstraints,
        paramKind: { apiVersion: "v1", kind: "ConfigMap" },
        matchConditions: [{ name: "unless-free", expression: "object.metadata.name != params.data.?free.orValue('')" }],
        variables: [{ name: "count", expression: "has(object.data) ? size(object.data) : 0" }],
        validations: [
          {
            expression:
              "variables.count <= int(params.data.maximum) && authorizer.group('').resource('pods').namespace('default').check('create').allowed()",
            messageExpression: "'too many: ' + string(variables.count)",
          },
        ],
      },
    } as never);
    await create("validatingadmissionpolicybindings", {
      metadata: { name: "sizes" },
      spec: {
        policyName: "sizes",
        validationActions: ["Deny"],
        paramRef: { name: "limits", namespace: "default", parameterNotFoundAction: "Deny" },
      },
    } as never);
    expect((await client.post(maps, configMap("two", { a: "1", b: "2" }))).code).toBe(201);
    expect((await client.post(maps, configMap("free", { a: "1", b: "2", c: "3" }))).code).toBe(201);
    const denied = await client.post(maps, configMap("three", { a: "1", b: "2", c: "3" }));
    expect(denied.code).toBe(422);
    expect(denied.body).toMatchObject({
      reason: "Invalid",
      message:
        "configmaps \"three\" is forbidden: ValidatingAdmissionPolicy 'sizes' with binding 'sizes' denied request: too many: 3",
    });
  });

  it("name params only where they say of what kind those are", async () => {
    const validations = [{ expression: "params.data.maximum == '2'" }];
    const spec = { matchConstraints, validations };
    const answer = await client.post(`${group}/validatingadmissionpolicies`, { metadata: { name: "x" }, spec });
    expect(answer.code).toBe(422);
    expect(answer.body.message).toContain("undeclared reference to 'params' (in container '')");
  });

  it("change objects by apply configurations and JSON patches", async () => {
    const mutations = [
      {
        patchType: "ApplyConfiguration",
        applyConfiguration: {
          expression: 'Object{metadata: Object.metadata{labels: {"by-policy": object.metadata.name}}}',
        },
      },
      { patchType: "JSONPatch", jsonPatch: { expression: '[JSONPatch{op: "add", path: "/data", value: {"x": "y"}}]' } },
    ];
    await create("mutatingadmissionpolicies", {
      metadata: { name: "labels" },
      spec: { matchConstraints, reinvocationPolicy: "Never", mutations },
    } as never);
    await create("mutatingadmissionpolicybindings", {
      metadata: { name: "labels" },
      spec: { policyName: "labels" },
    } as never);
    const created = await client.post(maps, { metadata: { name: "mutated", labels: { own: "1" } } });
    expect(created.body).toMatchObject({
      metadata: { labels: { own: "1", "by-policy": "mutated" } },
      data: { x: "y" },
    });
  });
});
