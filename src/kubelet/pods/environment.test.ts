import { describe, expect, it } from "vitest";
import type { Container } from "../../kinds/generated/core-v1.ts";
import { notFound } from "../../machinery/errors/status-error.ts";
import { makePod } from "../testing/runtime-objects.ts";
import { type ConfigSource, makeEnvironment } from "./environment.ts";
import { checkTogether, expand, expandStrictly } from "./expansion.ts";
import { resourceFieldValue } from "./field-values.ts";
import { serviceEnvironment } from "./service-environment.ts";

describe("expand", () => {
  const lookup = (name: string): string | undefined => ({ A: "1", B: "$(A)" })[name];
  it.each([
    ["$(A)", "1"],
    ["x$(A)y$(A)", "x1y1"],
    ["$(NOPE)", "$(NOPE)"],
    ["$$(A)", "$(A)"],
    ["$$$(A)", "$1"],
    ["$(B)", "$(A)"],
    ["$A $B", "$A $B"],
    ["$(A", "$(A"],
    ["$", "$"],
    ["", ""],
  ])("%s becomes %s", (text, expected) => {
    expect(expand(text, lookup)).toBe(expected);
  });

  it("ends before a value is longer than a process can be given", () => {
    const values = new Map([["V0", "0123456789"]]);
    const lookup = (name: string): string | undefined => values.get(name);
    expect(() => {
      for (let index = 1; index < 40; index++) {
        values.set(`V${index}`, expand(`$(V${index - 1})$(V${index - 1})`, lookup));
      }
    }).toThrow('the value of "$(V13)$(V13)" is longer than 131072 characters, more than a process can be given');
    expect(expand("x".repeat(200_000), lookup)).toHaveLength(200_000);
    expect(() => checkTogether(Array<string>(100).fill("x".repeat(100_000)))).toThrow(
      "more than a process can be given",
    );
  });

  it("takes linear time on what has no end", () => {
    const text = "$(".repeat(300_000);
    expect(() => expand(text, () => undefined)).toThrow("more than a process can be given");
    expect(expand("$(".repeat(50_000), () => undefined)).toBe("$(".repeat(50_000));
  });

  it("refuses unknown names when strict", () => {
    expect(() => expandStrictly("$(NOPE)/x", lookup)).toThrow("NOPE");
  });
});

const source: ConfigSource = {
  async configMap(_, name) {
    if (name !== "cm") throw notFound({ group: "", plural: "configmap" }, name);
    return { data: { key: "value", other: "two" } };
  },
  async secret(_, name) {
    if (name !== "sec") throw notFound({ group: "", plural: "secret" }, name);
    return { data: { password: Buffer.from("hunter2").toString("base64") } };
  },
};

function environment(container: Partial<Container>) {
  return makeEnvironment({
    pod: makePod({}, { labels: { app: "x" } }),
    container: { name: "c", ...container },
    source,
    services: new Map([["SVC_SERVICE_HOST", "10.96.0.7"]]),
    fields: { hostIP: "1.1.1.1", podIPs: ["10.0.0.2"], allocatable: { cpu: 4000, memory: 1024, ephemeralStorage: 0 } },
    readFile: async () => "FROM_FILE='quoted'\n",
  });
}

describe("makeEnvironment", () => {
  it("takes values from every kind of source", async () => {
    const result = await environment({
      envFrom: [{ prefix: "CM_", configMapRef: { name: "cm" } }, { secretRef: { name: "sec" } }],
      env: [
        { name: "PLAIN", value: "a-$(CM_key)-$(SVC_SERVICE_HOST)" },
        { name: "NAME", valueFrom: { fieldRef: { fieldPath: "metadata.name" } } },
        { name: "LABEL", valueFrom: { fieldRef: { fieldPath: "metadata.labels['app']" } } },
        { name: "IP", valueFrom: { fieldRef: { fieldPath: "status.podIP" } } },
        { name: "CPU", valueFrom: { resourceFieldRef: { resource: "limits.cpu" } } },
        { name: "PW", valueFrom: { secretKeyRef: { name: "sec", key: "password" } } },
        { name: "GONE", valueFrom: { configMapKeyRef: { name: "nope", key: "k", optional: true } } },
        { name: "FILE", valueFrom: { fileKeyRef: { volumeName: "v", path: "e", key: "FROM_FILE" } } },
      ],
    });
    expect(Object.fromEntries(result)).toEqual({
      CM_key: "value",
      CM_other: "two",
      password: "hunter2",
      PLAIN: "a-value-10.96.0.7",
      NAME: "p",
      LABEL: "x",
      IP: "10.0.0.2",
      CPU: "4",
      PW: "hunter2",
      FILE: "quoted",
      SVC_SERVICE_HOST: "10.96.0.7",
    });
  });

  it("says what is missing", async () => {
    const missing = { name: "X", valueFrom: { configMapKeyRef: { name: "cm", key: "nope" } } };
    await expect(environment({ env: [missing] })).rejects.toThrow("couldn't find key nope in ConfigMap default/cm");
    await expect(environment({ envFrom: [{ secretRef: { name: "nope" } }] })).rejects.toThrow(
      'secret "nope" not found',
    );
  });
});

describe("resourceFieldValue", () => {
  const context = { hostIP: "", podIPs: [], allocatable: { cpu: 4000, memory: 2 ** 30, ephemeralStorage: 0 } };
  const container = { name: "c", resources: { limits: { cpu: "1500m", memory: "64Mi" }, requests: { cpu: "250m" } } };
  it.each([
    ["limits.cpu", undefined, "2"],
    ["limits.cpu", "1m", "1500"],
    ["limits.memory", "1Mi", "64"],
    ["requests.cpu", "1m", "250"],
    ["requests.memory", undefined, "0"],
  ])("%s in units of %s is %s", (resource, divisor, expected) => {
    expect(resourceFieldValue({ resource, divisor }, makePod(), container, context)).toBe(expected);
  });
});

describe("serviceEnvironment", () => {
  it("names hosts, ports and links", () => {
    const services = [
      {
        metadata: { name: "my-db", namespace: "ns" },
        spec: { clusterIP: "10.0.0.1", ports: [{ name: "sql", port: 5432 }] },
      },
      { metadata: { name: "headless", namespace: "ns" }, spec: { clusterIP: "None", ports: [{ port: 1 }] } },
      { metadata: { name: "foreign", namespace: "other" }, spec: { clusterIP: "10.0.0.3", ports: [{ port: 1 }] } },
    ];
    expect(Object.fromEntries(serviceEnvironment(services, "ns", true))).toEqual({
      MY_DB_SERVICE_HOST: "10.0.0.1",
      MY_DB_SERVICE_PORT: "5432",
      MY_DB_SERVICE_PORT_SQL: "5432",
      MY_DB_PORT: "tcp://10.0.0.1:5432",
      MY_DB_PORT_5432_TCP: "tcp://10.0.0.1:5432",
      MY_DB_PORT_5432_TCP_PROTO: "tcp",
      MY_DB_PORT_5432_TCP_PORT: "5432",
      MY_DB_PORT_5432_TCP_ADDR: "10.0.0.1",
    });
    expect(serviceEnvironment(services, "ns", false).size).toBe(0);
  });
});
