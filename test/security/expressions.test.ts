/**
 * Expressions that users give, and texts that the code's own expressions look at, do not hold the API server's thread: each
 * attack here took from half a minute to for ever, and others waited.
 */
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { type TestAnswer, TestClient } from "../../src/apiserver/client-for-test.ts";
import { startForTest, type TestServer } from "../../src/apiserver/start-for-test.ts";

const timeout = 60_000;
const crds = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions";
const admission = "/apis/admissionregistration.k8s.io/v1";
const maps = "/api/v1/namespaces/default/configmaps";

let server: TestServer;
let client: TestClient;

beforeAll(async () => {
  server = await startForTest();
  client = new TestClient(server);
  await client.post("/api/v1/namespaces", { metadata: { name: "default" } });
  await client.post("/api/v1/namespaces/default/serviceaccounts", { metadata: { name: "default" } });
});

afterAll(async () => {
  client.close();
  await server.stop();
});

/** The answer, and whether somebody else was answered who asked at the same time. */
async function besides(attack: Promise<TestAnswer>): Promise<TestAnswer> {
  const [answer, other] = await Promise.all([attack, client.get("/api/v1/namespaces/default")]);
  expect(other.code).toBe(200);
  return answer;
}

let definitions = 0;

/** Makes a kind with this `spec`; resolves with the path of its collection, or the answer that refuses it. */
async function define(spec: object): Promise<{ readonly path: string; readonly answer: TestAnswer }> {
  definitions += 1;
  const plural = `attacks${definitions}`;
  const properties = { spec };
  const answer = await client.post(crds, {
    metadata: { name: `${plural}.example.com` },
    spec: {
      group: "example.com",
      scope: "Namespaced",
      names: { plural, singular: plural, kind: `Attack${definitions}`, listKind: `Attack${definitions}List` },
      versions: [
        { name: "v1", served: true, storage: true, schema: { openAPIV3Schema: { type: "object", properties } } },
      ],
    },
  });
  const path = `/apis/example.com/v1/namespaces/default/${plural}`;
  if (answer.code === 201) await vi.waitUntil(async () => (await client.get(path)).code === 200, timeout);
  return { path, answer };
}

const kindAt = (path: string): string => `Attack${path.slice(path.lastIndexOf("attacks") + "attacks".length)}`;

async function createIn(path: string, spec: unknown, name = "a"): Promise<TestAnswer> {
  return besides(client.post(path, { apiVersion: "example.com/v1", kind: kindAt(path), metadata: { name }, spec }));
}

describe("custom resources", () => {
  it.each([
    ["^(a+)+$", `${"a".repeat(5_000)}!`],
    ["^([a-zA-Z]+)*[0-9]$", "a".repeat(50_000)],
    ["(x+x+)+y", "x".repeat(50_000)],
  ])(
    "with the pattern %s",
    async (pattern, text) => {
      const { path } = await define({ type: "string", pattern });
      const answer = await createIn(path, text);
      expect(answer.code).toBe(422);
      expect(answer.body.message).toContain(`should match '${pattern}'`);
    },
    timeout,
  );

  it(
    "with a pattern that is linear, and far too much work",
    async () => {
      const items = { type: "string", pattern: "(.{0,400})(.{0,400})(.{0,400})z" };
      const { path } = await define({ type: "array", items });
      const answer = await createIn(
        path,
        Array.from({ length: 1_000 }, (_, index) => `${"aé".repeat(600)}${index}`),
      );
      expect(answer.code).toBe(422);
      expect(answer.body.message).toContain("matching the regular expression takes too long");
    },
    timeout,
  );

  it.each(["(a{1000}){1000}", "(?=a)", "a{1001}", "\\pL".repeat(2_000)])(
    "are not defined with the pattern %.20s",
    async (pattern) => {
      const { answer } = await define({ type: "string", pattern });
      expect(answer.code).toBe(422);
      expect(answer.body.message).toContain("must be a valid regular expression, but isn't: error parsing regexp: ");
    },
    timeout,
  );

  it.each([
    ["duration", `11${"s000".repeat(200)}t`],
    ["duration", "1".repeat(200_000)],
    ["hostname", `${"a-".repeat(100_000)}!`],
    ["email", `${"a@".repeat(100_000)}`],
    ["byte", `${"AAAA".repeat(100_000)}!`],
    ["k8s-long-name", `${"a.".repeat(100_000)}`],
    ["uri", `http://${"a".repeat(200_000)}`],
    ["date-time", `${"2026-01-01T".repeat(20_000)}`],
  ])(
    "with the format %s",
    async (format, text) => {
      const { path } = await define({ type: "string", format });
      expect([201, 422]).toContain((await createIn(path, text)).code);
    },
    timeout,
  );

  it.each([
    ["self.find('(a+)+$') == 'a'", "failed rule"],
    ["self.matches('^(a|a)*$')", "failed rule"],
    ["self.findAll('(a*)*').size() == 0", "failed rule"],
    [
      "self.find('(.{0,900})(.{0,900})(.{0,900})z') != ''",
      "no further validation rules will be run due to call cost exceeds limit for rule",
    ],
  ])(
    "with the rule %s",
    async (rule, message) => {
      const { path, answer } = await define({
        type: "string",
        maxLength: 4_000,
        "x-kubernetes-validations": [{ rule }],
      });
      expect(answer.code, answer.text).toBe(201);
      const created = await createIn(path, `${"aé".repeat(1_990)}!`);
      expect(created.code).toBe(422);
      expect(created.body.message).toContain(message);
    },
    timeout,
  );

  it(
    "run out of budget with many rules that cost little",
    async () => {
      const rule = { rule: "self.all(x, x.all(y, y.startsWith('a')))" };
      const words = { type: "array", maxItems: 100, items: { type: "string", maxLength: 10 } };
      const lists = { type: "array", maxItems: 100, items: words, "x-kubernetes-validations": [rule] };
      const { path, answer } = await define({ type: "object", additionalProperties: lists, maxProperties: 2 });
      expect(answer.code, answer.text).toBe(201);
      const list = Array.from({ length: 100 }, () => Array.from({ length: 100 }, () => "a"));
      expect((await createIn(path, { a: list, b: list })).code).toBe(201);
      const small = { rule: "lists.range(400).all(x, self >= 0 && x < 1000)" };
      const { path: open, answer: opened } = await define({
        type: "array",
        maxItems: 2_000,
        items: {
          type: "integer",
          "x-kubernetes-validations": [small, small, small],
        },
      });
      expect(opened.code, opened.text).toBe(201);
      const spent = await createIn(
        open,
        Array.from({ length: 2_000 }, (_, index) => index),
      );
      expect(spent.code).toBe(422);
      expect(spent.body.message).toContain(
        "validation failed due to running out of cost budget, no further validation rules will be run",
      );
    },
    timeout,
  );
});

const rules = [{ apiGroups: [""], apiVersions: ["v1"], operations: ["CREATE"], resources: ["configmaps"] }];
const numbers = `[${Array.from({ length: 100 }, (_, index) => index).join(", ")}]`;
const deep = `${numbers}.all(a, ${numbers}.all(b, ${numbers}.all(c, ${numbers}.all(d, a + b + c + d >= 0))))`;

describe("admission policies", () => {
  async function bind(spec: object): Promise<() => Promise<void>> {
    const policy = `${admission}/validatingadmissionpolicies`;
    const bindings = `${admission}/validatingadmissionpolicybindings`;
    const matchConstraints = { resourceRules: rules };
    const created = await client.post(policy, { metadata: { name: "attack" }, spec: { matchConstraints, ...spec } });
    expect(created.code, created.text).toBe(201);
    const binding = { policyName: "attack", validationActions: ["Deny"] };
    expect((await client.post(bindings, { metadata: { name: "attack" }, spec: binding })).code).toBe(201);
    return async () => {
      await client.delete(`${bindings}/attack`);
      await client.delete(`${policy}/attack`);
    };
  }

  it.each([
    [
      "of 100^4 steps",
      { validations: [{ expression: deep }] },
      "resulted in error: operation cancelled: actual cost limit exceeded",
    ],
    [
      "that hide them behind an or",
      { validations: [{ expression: `${deep} || true` }] },
      "operation cancelled: actual cost limit exceeded",
    ],
    [
      "in a variable",
      { variables: [{ name: "deep", expression: deep }], validations: [{ expression: "variables.deep" }] },
      'composited variable "deep" fails to evaluate: operation cancelled: actual cost limit exceeded',
    ],
    [
      "in a match condition",
      { matchConditions: [{ name: "deep", expression: deep }], validations: [{ expression: "true" }] },
      "operation cancelled: actual cost limit exceeded",
    ],
    [
      "of many validations",
      { validations: Array.from({ length: 40 }, () => ({ expression: "lists.range(60000).all(x, x >= 0)" })) },
      "validation failed due to running out of cost budget, no further validation rules will be run",
    ],
    [
      "of many match conditions",
      {
        matchConditions: Array.from({ length: 10 }, (_, index) => ({
          name: `c${index}`,
          expression: "lists.range(60000).all(x, x >= 0)",
        })),
        validations: [{ expression: "true" }],
      },
      "validation failed due to running out of cost budget, no further validation rules will be run",
    ],
    [
      "that search by regular expressions",
      { validations: [{ expression: "object.data['text'].find('(.{0,500})(.{0,500})z') != ''" }] },
      "operation cancelled: actual cost limit exceeded",
    ],
  ])(
    "%s end",
    async (_, spec, message) => {
      const unbind = await bind(spec);
      try {
        const denied = await besides(
          client.post(maps, { metadata: { name: "a" }, data: { text: "aé".repeat(50_000) } }),
        );
        expect(denied.code).toBeGreaterThanOrEqual(400);
        expect(denied.body.message).toContain(message);
      } finally {
        await unbind();
      }
    },
    timeout,
  );

  it("see objects with keys that JavaScript has a meaning for", async () => {
    const expression = "object.metadata.labels.all(k, object.metadata.labels[k] != 'forbidden')";
    const unbind = await bind({ failurePolicy: "Ignore", validations: [{ expression }] });
    try {
      for (const key of ["constructor", "prototype", "toString", "hasOwnProperty", "valueOf"]) {
        const labels = (app: string): object => ({ metadata: { name: "labelled", labels: { [key]: "x", app } } });
        expect((await client.post(`${maps}?dryRun=All`, labels("forbidden"))).code, key).toBe(422);
        expect((await client.post(`${maps}?dryRun=All`, labels("allowed"))).code, key).toBe(201);
      }
    } finally {
      await unbind();
    }
  });

  it(
    "are let pass when they fail, if they say so",
    async () => {
      const unbind = await bind({ failurePolicy: "Ignore", validations: [{ expression: deep }] });
      try {
        const answer = await besides(client.post(`${maps}?dryRun=All`, { metadata: { name: "ignored" } }));
        expect(answer.code).toBe(201);
      } finally {
        await unbind();
      }
    },
    timeout,
  );
});

describe("texts that the code's own expressions look at", () => {
  const container = { name: "c", image: "i" };
  const pod = (name: string, spec: object): [string, object] => [
    "/api/v1/namespaces/default/pods?dryRun=All",
    { metadata: { name }, spec: { containers: [container], ...spec } },
  ];
  const env = (fieldPath: string): object => ({
    containers: [{ ...container, env: [{ name: "A", valueFrom: { fieldRef: { fieldPath } } }] }],
  });
  const jobs = "/apis/batch/v1/namespaces/default/cronjobs?dryRun=All";
  const jobTemplate = { spec: { template: { spec: { containers: [container], restartPolicy: "Never" } } } };
  const roles = "/apis/rbac.authorization.k8s.io/v1/clusterroles?dryRun=All";

  it.each<[string, string, object]>([
    ["a field path", ...pod("a", env(`${"['".repeat(200_000)}['`))],
    ["an image", ...pod("b", { containers: [{ name: "c", image: `${"a-".repeat(200_000)}!` }] })],
    [
      "a schedule",
      jobs,
      { metadata: { name: "a" }, spec: { schedule: `@every ${"\t".repeat(200_000)}r\nx`, jobTemplate } },
    ],
    [
      "a URL of a rule",
      roles,
      { metadata: { name: "a" }, rules: [{ verbs: ["get"], nonResourceURLs: [`/${"*".repeat(300_000)}x*`] }] },
    ],
    ["a label", maps, { metadata: { name: "b", labels: { a: `${"a-".repeat(200_000)}!` } } }],
    [
      "a quantity",
      ...pod("c", {
        containers: [
          { ...container, resources: { limits: { cpu: `${"0".repeat(100_000)}.${"1".repeat(100_000)}.` } } },
        ],
      }),
    ],
  ])(
    "%s",
    async (_, path, body) => {
      expect((await besides(client.post(path, body))).code).toBeLessThan(500);
    },
    timeout,
  );
});
