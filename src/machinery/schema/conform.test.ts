import { describe, expect, it } from "vitest";
import schemas from "../../kinds/generated/schema.json" with { type: "json" };
import { conform } from "./conform.ts";
import { parseJson } from "./parse-json.ts";
import type { SchemaTable } from "./types.ts";

const table = schemas as unknown as SchemaTable;
const deployment = "io.k8s.api.apps.v1.Deployment";
const pod = "io.k8s.api.core.v1.Pod";
const configMap = "io.k8s.api.core.v1.ConfigMap";

describe("conform", () => {
  it("shares what needs no change and fills structs that are no pointers", () => {
    const spec = {
      selector: { matchLabels: { a: "b" } },
      template: { metadata: {}, spec: { containers: [] } },
      strategy: {},
    };
    const { object, errors, unknownFields } = conform({ metadata: { name: "x" }, spec }, table, deployment);
    expect({ errors, unknownFields }).toEqual({ errors: [], unknownFields: [] });
    expect(object["spec"]).toBe(spec);
    expect(object["status"]).toEqual({});
    const again = conform(object, table, deployment);
    expect(again.object).toBe(object);
  });

  it("prunes and reports unknown fields with their paths", () => {
    const body = { foo: 1, spec: { template: { spec: { containers: [{ name: "a", bar: {} }] } }, baz: 2 } };
    const { object, unknownFields } = conform(body, table, deployment);
    expect(unknownFields).toEqual([
      'unknown field "foo"',
      'unknown field "spec.template.spec.containers[0].bar"',
      'unknown field "spec.baz"',
    ]);
    expect(JSON.stringify(object)).not.toMatch(/foo|bar|baz/);
    expect(body.foo).toBe(1);
    expect(conform(body, table, deployment, { prune: false }).object).toMatchObject({ foo: 1 });
  });

  it.each([
    [
      deployment,
      { spec: { replicas: "3" } },
      "json: cannot unmarshal string into Go struct field DeploymentSpec.spec.replicas of type int32",
    ],
    [
      deployment,
      { spec: { replicas: 1.5 } },
      "json: cannot unmarshal number 1.5 into Go struct field DeploymentSpec.spec.replicas of type int32",
    ],
    [
      deployment,
      { spec: { replicas: 2 ** 31 } },
      "json: cannot unmarshal number 2147483648 into Go struct field DeploymentSpec.spec.replicas of type int32",
    ],
    [
      deployment,
      { spec: [] },
      "json: cannot unmarshal array into Go struct field Deployment.spec of type v1.DeploymentSpec",
    ],
    [
      pod,
      { spec: { containers: {} } },
      "json: cannot unmarshal object into Go struct field PodSpec.spec.containers of type []v1.Container",
    ],
    [
      pod,
      { spec: { containers: [{ ports: [{ containerPort: true }] }] } },
      "json: cannot unmarshal bool into Go struct field ContainerPort.spec.containers.ports.containerPort of type int32",
    ],
    [configMap, { data: { a: 1 } }, "json: cannot unmarshal number into Go struct field ConfigMap.data of type string"],
    [
      configMap,
      { data: "x" },
      "json: cannot unmarshal string into Go struct field ConfigMap.data of type map[string]string",
    ],
    [configMap, { binaryData: { a: "_" } }, "illegal base64 data at input byte 0"],
    [
      pod,
      { metadata: { creationTimestamp: "today" } },
      'parsing time "today" as "2006-01-02T15:04:05Z07:00": cannot parse "today" as "2006"',
    ],
    [
      pod,
      { metadata: { creationTimestamp: "2026-02-30T00:00:00Z" } },
      'parsing time "2026-02-30T00:00:00Z": day out of range',
    ],
  ])("refuses a wrong value in a %s", (type, body, message) => {
    expect(conform(body, table, type).errors).toEqual([message]);
  });

  it("drops nulls and empty optional values, keeps what Go has pointers to", () => {
    const spec = {
      replicas: 0,
      paused: false,
      minReadySeconds: null,
      template: {
        spec: {
          containers: [{ name: "a", args: [], image: "", env: null }, null],
          nodeSelector: {},
          volumes: [{ name: "v", emptyDir: {} }],
          hostUsers: false,
        },
      },
    };
    const { object } = conform({ metadata: { creationTimestamp: null, labels: {} }, spec }, table, deployment);
    expect(object).toEqual({
      metadata: {},
      spec: {
        replicas: 0,
        strategy: {},
        template: {
          metadata: {},
          spec: {
            containers: [
              { name: "a", resources: {} },
              { name: "", resources: {} },
            ],
            volumes: [{ name: "v", emptyDir: {} }],
            hostUsers: false,
          },
        },
      },
      status: {},
    });
  });

  it("makes quantities and times canonical", () => {
    const { object } = conform(
      {
        metadata: { creationTimestamp: "2026-01-02T03:04:05.678+01:00" },
        spec: { containers: [{ name: "a", resources: { limits: { cpu: 0.5, memory: "1024Mi" } } }] },
      },
      table,
      pod,
    );
    expect(object).toMatchObject({
      metadata: { creationTimestamp: "2026-01-02T02:04:05Z" },
      spec: { containers: [{ resources: { limits: { cpu: "500m", memory: "1Gi" } } }] },
    });
    const lease = conform({ spec: { renewTime: "2026-01-02T03:04:05.5Z" } }, table, "io.k8s.api.coordination.v1.Lease");
    expect(lease.object).toMatchObject({ spec: { renewTime: "2026-01-02T03:04:05.500000Z" } });
  });

  it("fills optional fields that Go always writes only before storing", () => {
    const service = { metadata: {}, spec: { ports: [{ port: 80 }] }, status: { loadBalancer: {} } };
    const name = "io.k8s.api.core.v1.Service";
    expect(conform(service, table, name).object).toEqual(service);
    expect(conform(service, table, name, { zeroValues: "all" }).object).toMatchObject({
      spec: { ports: [{ port: 80, targetPort: 0 }] },
    });
  });

  it("keeps a map key named __proto__ as data", () => {
    const { value } = parseJson(Buffer.from('{"data":{"a":null,"__proto__":"x"}}'));
    const { object } = conform(value, table, configMap);
    expect(JSON.stringify(object)).toBe('{"data":{"a":"","__proto__":"x"},"metadata":{}}');
  });
});

describe("parseJson", () => {
  it("finds duplicate keys at any depth, and none where there are none", () => {
    const text = '{"a":1, "a" :2,"b":{"c":["x:\\"",{"d":1,"d":2}],"c":[]},"e":"a\\\\"}';
    expect(parseJson(Buffer.from(text), { duplicates: true }).duplicateKeys).toEqual(["a", "b.c[1].d", "b.c"]);
    expect(parseJson(Buffer.from('{"a":{"a":"\\":"},"b":[{"a":1}]}'), { duplicates: true }).duplicateKeys).toEqual([]);
    expect(parseJson(Buffer.from(text)).duplicateKeys).toEqual([]);
    const messages = ['duplicate field "b.c"', 'unknown field "b.x"', 'unknown field "a"'];
    const { inTextOrder } = parseJson(Buffer.from('{"a":1,"b":{"x":1,"c":1,"c":2}}'), { duplicates: true });
    expect(inTextOrder?.(messages)).toEqual(['unknown field "a"', 'unknown field "b.x"', 'duplicate field "b.c"']);
  });

  it.each([
    ['{"spec":{"replicas":1.0}}', "number 1.0 into Go struct field DeploymentSpec.spec.replicas of type int32"],
    ['{"spec":{"replicas":1e3}}', "number 1e3 into Go struct field DeploymentSpec.spec.replicas of type int32"],
    [
      '{"spec":{"replicas":9007199254740993}}',
      "number 9007199254740993 into Go struct field DeploymentSpec.spec.replicas of type int32",
    ],
    [
      '{"spec":{"template":{"spec":{"terminationGracePeriodSeconds":9223372036854775808}}}}',
      "number 9223372036854775808 into Go struct field PodSpec.spec.template.spec.terminationGracePeriodSeconds of type int64",
    ],
    ['{"spec":{"template":{"spec":{"terminationGracePeriodSeconds":9223372036854775807}}}}', undefined],
  ])("takes %s for what it is written as", (text, problem) => {
    const { value, floats } = parseJson(Buffer.from(text));
    const { errors, object } = conform(value, table, deployment, { floats });
    expect(errors).toEqual(problem === undefined ? [] : [`json: cannot unmarshal ${problem}`]);
    if (problem === undefined) expect(JSON.stringify(object)).toContain("9223372036854775807");
  });

  it.each([
    ["floats that are no integers", `[${"1.5,".repeat(200_000)}1]`, 0, 0],
    ["whole floats", `[${"1.0,".repeat(200_000)}1]`, 200, 0],
    ["duplicates deep down", `${'{"a":'.repeat(400)}{${'"a":1,'.repeat(200_000)}"a":1}${"}".repeat(400)}`, 0, 1],
    ["duplicates below a long key", `{"${"k".repeat(200_000)}":[${'{"a":1},'.repeat(10_000)}{"a":1,"a":2}]}`, 0, 0],
  ])("looks no further than is of use in a text of %s", (_, text, floats, duplicates) => {
    // Without a limit these take minutes, or more memory than there is.
    const parsed = parseJson(Buffer.from(text), { duplicates: true });
    expect([parsed.floats?.size ?? 0, parsed.duplicateKeys.length]).toEqual([floats, duplicates]);
  });

  it.each([
    ["", "unexpected end of JSON input"],
    ["[".repeat(10_001), "exceeded max depth"],
    ["{", "unexpected end of JSON input"],
    ["{a}", "invalid character 'a' looking for beginning of object key string"],
    ['{"a":1,}', "invalid character '}' looking for beginning of object key string"],
    ['{"a":tru}', "invalid character '}' in literal true (expecting 'e')"],
    ["[1 2]", "invalid character '2' after array element"],
    ["{} x", "invalid character 'x' after top-level value"],
    ['{"a":01}', "invalid character '1' after object key:value pair"],
    ['{"a":"\n"}', "invalid character '\\n' in string literal"],
  ])("explains %j", (text, message) => {
    expect(() => parseJson(Buffer.from(text))).toThrow(
      expect.objectContaining({ code: 400, message: `couldn't get version/kind; json parse error: ${message}` }),
    );
  });
});
