import { describe, expect, it } from "vitest";
import { builtInKinds } from "../../../kinds/index.ts";
import type { KindDefinition } from "../../../machinery/kind.ts";
import { customKind } from "../../custom-resources/kind.ts";
import type { Policy } from "./policy-set.ts";
import { typeCheck } from "./type-checking.ts";

type Spec = NonNullable<Policy["spec"]>;
const deployments = { apiGroups: ["apps"], apiVersions: ["v1"], resources: ["deployments"] };

async function warnings(
  expression: string,
  {
    resourceRules = [deployments],
    kinds = builtInKinds,
    ...spec
  }: Spec & { resourceRules?: object[]; kinds?: readonly KindDefinition[] } = {},
): Promise<string[]> {
  const policy = { spec: { ...spec, matchConstraints: { resourceRules }, validations: [{ expression }] } };
  return (await typeCheck(policy as unknown as Policy, () => kinds)).map(({ warning }) => warning);
}

describe("type checking of policies", () => {
  it("warns in cel-go's form, with the kind, the place and the line", async () => {
    expect(await warnings("object.spec.replicas > '1'")).toEqual([
      "apps/v1, Kind=Deployment: ERROR: <input>:1:22: found no matching overload for '_>_' applied to '(int, string)'\n" +
        " | object.spec.replicas > '1'\n" +
        " | .....................^\n",
    ]);
  });

  it("names the field, of message expressions too", async () => {
    const validations = [
      { expression: "object.spec.replicas > 1" },
      { expression: "object.spec.paused", messageExpression: "'got ' + object.spec.replicas" },
    ];
    const policy = { spec: { matchConstraints: { resourceRules: [deployments] }, validations } };
    expect(await typeCheck(policy as unknown as Policy, () => builtInKinds)).toEqual([
      {
        fieldRef: "spec.validations[1].messageExpression",
        warning: expect.stringContaining("found no matching overload for '_+_' applied to '(string, int)'"),
      },
    ]);
  });

  it.each([
    ["object.spec.maxRetries < 10", "<input>:1:12: undefined field 'maxRetries'"],
    ["has(object.spec.maxRetries)", "undefined field 'maxRetries'"],
    ["object.spec.template.spec.containers.all(c, c.nam == 'x')", "undefined field 'nam'"],
    ["object.spec.replicas == null", "found no matching overload for '_==_' applied to '(int, null)'"],
    ["'a' in object.spec.replicas", "found no matching overload for '@in' applied to '(string, int)'"],
    ["object.spec.replicas && true", "<input>:1:12: expected type 'bool' but found 'int'"],
    ["object.spec.replicas.name", "type 'int' does not support field selection"],
    ["object.metadata.name.foo()", "undeclared reference to 'foo' (in container '')"],
    ["object.metadata.name.startsWith(1)", "'startsWith' applied to 'string.(int)'"],
    ["object.metadata.labels == 1", "applied to '(map(string, string), int)'"],
    ["object.metadata.creationTimestamp == 1", "applied to '(timestamp, int)'"],
    ["params.x == 1", "undeclared reference to 'params' (in container '')"],
    ["request.userInfo.name == 'x'", "undefined field 'name'"],
    ["object.spec.template.spec.containers.all(i, c, c.nam == 'x' && i > 0)", "undefined field 'nam'"],
    ["object.metadata.?labels.optMap(l, l == 1).orValue(false)", "applied to '(map(string, string), int)'"],
    ["object.spec.containers == [] || object.spec.\nfoo", "<input>:1:44: undefined field 'foo'"],
  ])("finds what is wrong with %s", async (expression, message) => {
    expect((await warnings(expression)).join()).toContain(message);
  });

  it.each([
    "oldObject == null || object == oldObject && object.spec != null",
    "object.spec.paused ? object.spec : null",
    "object.metadata.creationTimestamp == null",
    "object.spec.strategy.rollingUpdate.maxSurge == 1 || object.spec.strategy.rollingUpdate.maxSurge == '10%'",
    "object.spec.template.spec.containers.all(c, quantity(c.resources.limits['cpu']).isLessThan(quantity('1')))",
    "object.metadata.?labels['a'].orValue('') == 'x'",
    "authorizer.group('').resource('pods').check('get').allowed() && namespaceObject.status.phase == 'Active'",
  ])("has nothing against %s", async (expression) => {
    expect(await warnings(expression)).toEqual([]);
  });

  it("tells every mistake, and each once", async () => {
    const [warning = ""] = await warnings("object.spec.a.b.c > 1 || object.spec.replicas == 'x'");
    expect(warning.match(/ERROR: [^\n]*/g)).toEqual([
      "ERROR: <input>:1:12: undefined field 'a'",
      "ERROR: <input>:1:47: found no matching overload for '_==_' applied to '(int, string)'",
    ]);
  });

  it("types the policy's variables by their expressions", async () => {
    const variables = [
      { name: "count", expression: "object.spec.replicas" },
      { name: "double", expression: "variables.count * 2" },
    ];
    expect(await warnings("variables.double < 10", { variables })).toEqual([]);
    expect((await warnings("variables.double < 'x'", { variables })).join()).toContain("'(int, string)'");
    expect((await warnings("variables.none", { variables })).join()).toContain("undefined field 'none'");
  });

  it("types params by their kind, and takes any of a kind that nobody serves", async () => {
    const expression = "params.data['a'] == 1 && object.spec.replicas > 1";
    expect((await warnings(expression, { paramKind: { apiVersion: "v1", kind: "ConfigMap" } })).join()).toContain(
      "applied to '(string, int)'",
    );
    expect(await warnings(expression, { paramKind: { apiVersion: "example.com/v1", kind: "Limit" } })).toEqual([]);
  });

  it("looks at kinds that are named, not at wildcards and subresources", async () => {
    const rules = (rule: object) => ({ resourceRules: [{ ...deployments, ...rule }] });
    expect(await warnings("object.foo", rules({ resources: ["deployments", "statefulsets"] }))).toEqual([
      expect.stringMatching(/^apps\/v1, Kind=Deployment: (?:.|\n)*\n\napps\/v1, Kind=StatefulSet: /),
    ]);
    for (const rule of [{ apiGroups: ["*"] }, { apiVersions: ["*"] }, { resources: ["*", "deployments/scale"] }]) {
      expect(await warnings("object.foo", rules(rule))).toEqual([]);
    }
    expect((await warnings("object.foo", rules({ apiGroups: [""], resources: ["pods"] }))).join()).toMatch(
      /^\/v1, Kind=Pod: /,
    );
  });

  it("knows the fields of custom resources", async () => {
    const properties = {
      replicas: { type: "integer" },
      "max-age": { type: "string", format: "duration" },
      size: { "x-kubernetes-int-or-string": true },
      hosts: { type: "array", items: { type: "object", properties: { name: { type: "string" } } } },
    };
    const version = {
      name: "v1",
      served: true,
      storage: true,
      schema: { openAPIV3Schema: { type: "object", properties: { spec: { type: "object", properties } } } },
    };
    const spec = {
      group: "example.com",
      scope: "Namespaced",
      names: { plural: "crontabs", singular: "crontab", kind: "CronTab" },
      versions: [version],
    };
    const kinds = [customKind({ metadata: { name: "crontabs.example.com" }, spec }, version)];
    const resourceRules = [{ apiGroups: ["example.com"], apiVersions: ["v1"], resources: ["crontabs"] }];
    const of = async (expression: string): Promise<string> =>
      (await warnings(expression, { kinds, resourceRules })).join();
    expect(await of("object.spec.replicas > 1 && object.metadata.labels['a'] == 'b' && object.spec.size == 'x'")).toBe(
      "",
    );
    expect(await of("object.spec.hosts.all(h, h.name != '') && object.spec.max__dash__age < duration('1h')")).toBe("");
    expect(await of("object.spec.replicas > '1'")).toContain("'_>_' applied to '(int, string)'");
    expect(await of("object.spec.hosts[0].port == 1")).toContain("undefined field 'port'");
  });
});
