/** What an object is, and where, is not changed by writing to it: no patch, webhook or conversion makes another of it. */
import { createServer, type Server } from "node:https";
import type { AddressInfo } from "node:net";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { type TestAnswer, TestClient } from "../../src/apiserver/client-for-test.ts";
import { startForTest, type TestServer } from "../../src/apiserver/start-for-test.ts";

const maps = "/api/v1/namespaces/default/configmaps";
const deployments = "/apis/apps/v1/namespaces/default/deployments";
const things = "/apis/example.com/v1/namespaces/default/things";

let server: TestServer;
let client: TestClient;
let hook: Server;
let operations: readonly object[] = [];

const schema = {
  type: "object",
  properties: Object.fromEntries(
    ["spec", "status"].map((name) => [name, { type: "object", properties: { replicas: { type: "integer" } } }]),
  ),
};
const version = (name: string, storage: boolean): object => ({
  name,
  served: true,
  storage,
  schema: { openAPIV3Schema: schema },
  subresources: { status: {}, scale: { specReplicasPath: ".spec.replicas", statusReplicasPath: ".status.replicas" } },
});
const definition = {
  metadata: { name: "things.example.com" },
  spec: {
    group: "example.com",
    scope: "Namespaced",
    names: { plural: "things", singular: "thing", kind: "Thing", listKind: "ThingList" },
    versions: [version("v1", true), version("v2", false)],
  },
};
const template = { metadata: { labels: { a: "b" } }, spec: { containers: [{ name: "c", image: "i" }] } };
const objects: readonly [string, object][] = [
  [maps, { data: { key: "value" } }],
  [deployments, { spec: { replicas: 1, selector: { matchLabels: { a: "b" } }, template } }],
  [things, { apiVersion: "example.com/v1", kind: "Thing", spec: { replicas: 1 } }],
];

beforeAll(async () => {
  server = await startForTest();
  client = new TestClient(server);
  for (const name of ["default", "other"]) await client.post("/api/v1/namespaces", { metadata: { name } });
  const crds = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions";
  expect((await client.post(crds, definition)).code).toBe(201);
  for (const [path, object] of objects) {
    expect((await client.post(path, { metadata: { name: "a" }, ...object })).code, path).toBe(201);
  }
  const { serving } = server.pki;
  hook = createServer({ cert: serving.certificate, key: serving.privateKey }, async (request, response) => {
    const review = JSON.parse(Buffer.concat(await request.toArray()).toString("utf8")) as { request: { uid: string } };
    const patch = Buffer.from(JSON.stringify(operations)).toString("base64");
    const answer = { uid: review.request.uid, allowed: true, patchType: "JSONPatch", patch };
    response.end(JSON.stringify({ apiVersion: "admission.k8s.io/v1", kind: "AdmissionReview", response: answer }));
  });
  await new Promise<void>((resolve) => hook.listen(0, "127.0.0.1", resolve));
});

afterAll(async () => {
  client.close();
  hook.closeAllConnections();
  hook.close();
  await server.stop();
});

interface Identity {
  readonly apiVersion?: string;
  readonly kind?: string;
  readonly metadata?: { readonly name?: string; readonly namespace?: string; readonly uid?: string };
}

const identityOf = ({ body }: TestAnswer): unknown => {
  const { apiVersion, kind, metadata: { name, namespace, uid } = {} } = body as Identity;
  return { apiVersion, kind, name, namespace, uid };
};

/** The operations of a JSON patch that do what a merge patch does. */
function operationsOf(change: object, path = ""): object[] {
  return Object.entries(change).flatMap(([key, value]): object[] => {
    if (value === null) return [{ op: "remove", path: `${path}/${key}` }];
    return typeof value === "object"
      ? operationsOf(value, `${path}/${key}`)
      : [{ op: "replace", path: `${path}/${key}`, value }];
  });
}

const changes: readonly [string, object][] = [
  ["kind", { kind: "Secret" }],
  ["kind to none that is known", { kind: "Nothing" }],
  ["kind to nothing", { kind: null }],
  ["apiVersion", { apiVersion: "example.com/v2" }],
  ["apiVersion to nothing", { apiVersion: null }],
  ["kind and apiVersion", { apiVersion: "apps/v1", kind: "DaemonSet" }],
  ["name", { metadata: { name: "b" } }],
  ["name to nothing", { metadata: { name: null } }],
  ["namespace", { metadata: { namespace: "other" } }],
  ["namespace to nothing", { metadata: { namespace: null } }],
  ["uid", { metadata: { uid: "00000000-0000-4000-8000-000000000000" } }],
  ["uid to nothing", { metadata: { uid: null } }],
];
const paths = [
  `${maps}/a`,
  `${deployments}/a`,
  `${deployments}/a/status`,
  `${deployments}/a/scale`,
  `${things}/a`,
  `${things}/a/status`,
  `${things}/a/scale`,
];

describe.each(paths)("%s", (path) => {
  const types = path.startsWith(things) ? ["merge", "json"] : ["merge", "json", "strategic-merge"];

  it.each(changes)("keeps its %s through every patch", async (_, change) => {
    const before = identityOf(await client.get(path));
    for (const type of types) {
      const patch = type === "json" ? operationsOf(change) : change;
      for (const query of ["?dryRun=All", ""]) {
        const answer = await client.patch(path + query, patch, type);
        if (answer.code === 200) expect(identityOf(answer), type).toEqual(before);
        else expect([400, 409, 422], `${type}: ${answer.text}`).toContain(answer.code);
        expect(identityOf(await client.get(path)), type).toEqual(before);
      }
    }
  });

  it.each(changes)("keeps its %s through an update", async (_, change) => {
    const { body } = await client.get(path);
    const before = identityOf(await client.get(path));
    const { metadata = {}, ...rest } = change as { metadata?: object };
    const wanted = { ...body, ...rest, metadata: { ...body.metadata, ...metadata } };
    const answer = await client.put(path, wanted);
    if (answer.code === 200) expect(identityOf(answer)).toEqual(before);
    else expect([400, 409, 422], answer.text).toContain(answer.code);
    expect(identityOf(await client.get(path))).toEqual(before);
  });
});

it.each(["b", ""])("nothing is applied under another name than that of the path, %j", async (name) => {
  const configuration = { apiVersion: "v1", kind: "ConfigMap", metadata: { name }, data: {} };
  const headers = { "content-type": "application/apply-patch+yaml" };
  for (const target of ["a", "c"]) {
    const answer = await client.send("PATCH", `${maps}/${target}?fieldManager=me`, { body: configuration, headers });
    if (name !== "") expect(answer.code).toBe(400);
    expect((await client.get(`${maps}/b`)).code).toBe(404);
  }
});

describe("upstream's words", () => {
  const messageOf = async (path: string, patch: object, type = "merge"): Promise<string> => {
    const { body } = await client.patch(path, patch, type);
    return (body.message as string).replace(/patch: Invalid value: ".*": /s, "patch: … ");
  };

  it.each([
    [
      `${maps}/a`,
      { kind: "Secret" },
      ' "" is invalid: patch: … converting (v1.Secret) to (core.ConfigMap): unknown conversion',
    ],
    [
      `${deployments}/a`,
      { kind: "DaemonSet" },
      ' "" is invalid: patch: … converting (v1.DaemonSet) to (apps.Deployment): unknown conversion',
    ],
    [
      `${maps}/a`,
      { apiVersion: "v2" },
      ' "" is invalid: patch: … no kind "ConfigMap" is registered for version "v2" in scheme "k8s.io/kubernetes/pkg/api/legacyscheme/scheme.go:30"',
    ],
    [
      `${things}/a`,
      { kind: "Secret" },
      'Thing.example.com "a" is invalid: kind: Invalid value: "Secret": must be Thing',
    ],
    [
      `${maps}/a`,
      { metadata: { uid: "x" } },
      'ConfigMap "a" is invalid: metadata.uid: Invalid value: "x": field is immutable',
    ],
    [`${maps}/a`, { metadata: { name: "b" } }, "the name of the object (b) does not match the name on the URL (a)"],
  ])("for %s and %j", async (path, patch, message) => {
    expect(await messageOf(path, patch)).toBe(message);
  });
});

describe("a mutating webhook", () => {
  const configurations = "/apis/admissionregistration.k8s.io/v1/mutatingwebhookconfigurations";

  async function register(): Promise<void> {
    const webhook = {
      name: "hook.example.com",
      admissionReviewVersions: ["v1"],
      sideEffects: "None",
      clientConfig: {
        url: `https://127.0.0.1:${(hook.address() as AddressInfo).port}/hook`,
        caBundle: Buffer.from(server.pki.ca).toString("base64"),
      },
      rules: [
        { apiGroups: ["", "example.com"], apiVersions: ["*"], operations: ["*"], resources: ["configmaps", "things"] },
      ],
    };
    expect((await client.post(configurations, { metadata: { name: "hook" }, webhooks: [webhook] })).code).toBe(201);
  }

  afterEach(() => client.delete(`${configurations}/hook`));

  it.each([
    ["kind", [{ op: "replace", path: "/kind", value: "Secret" }]],
    ["apiVersion", [{ op: "replace", path: "/apiVersion", value: "v2" }]],
    ["namespace", [{ op: "replace", path: "/metadata/namespace", value: "other" }]],
    ["name", [{ op: "replace", path: "/metadata/name", value: "b" }]],
    ["uid", [{ op: "add", path: "/metadata/uid", value: "x" }]],
  ])("does not change the %s", async (field, patch) => {
    await register();
    operations = patch;
    for (const path of [maps, things]) {
      const before = identityOf(await client.get(`${path}/a`));
      const changed = await client.patch(`${path}/a`, { metadata: { annotations: { changed: field } } });
      expect(changed.code, changed.text).toBeGreaterThanOrEqual(400);
      expect(identityOf(await client.get(`${path}/a`))).toEqual(before);
      // Upstream lets a webhook name what is created.
      if (field === "name") continue;
      const name = `new-${field.toLowerCase()}`;
      const created = await client.post(path, { ...(path === things ? objects[2]?.[1] : {}), metadata: { name } });
      if (created.code === 201) {
        expect(identityOf(created)).toEqual({ ...(before as object), name, uid: created.body.metadata.uid });
        expect(created.body.metadata.uid).not.toBe("x");
      }
      const elsewhere = path.replace("/default/", "/other/");
      expect((await client.get(`${elsewhere}/${name}`)).code).toBe(404);
    }
  });
});
