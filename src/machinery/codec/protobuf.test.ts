import fc from "fast-check";
import { describe, expect, it } from "vitest";
import json from "../../kinds/generated/schema.json" with { type: "json" };
import { arbitraryObject } from "../schema/arbitrary-object.ts";
import { conform } from "../schema/conform.ts";
import type { SchemaTable } from "../schema/types.ts";
import { decodeMessage, decodeProtobuf, encodeMessage, encodeProtobuf, encodeWatchEvent } from "./protobuf.ts";

const schemas = json as unknown as SchemaTable;

describe("protobuf", () => {
  it.each([
    "io.k8s.api.core.v1.Pod",
    "io.k8s.api.apps.v1.Deployment",
    "io.k8s.api.core.v1.Service",
    "io.k8s.api.core.v1.PersistentVolume",
    "io.k8s.api.coordination.v1.Lease",
    "io.k8s.api.authorization.v1.SubjectAccessReview",
    "io.k8s.api.admissionregistration.v1.ValidatingWebhookConfiguration",
    "io.k8s.api.resource.v1.ResourceClaim",
    "io.k8s.api.networking.v1.Ingress",
    "io.k8s.apiextensions-apiserver.pkg.apis.apiextensions.v1.CustomResourceDefinition",
  ])("round-trips any %s", (typeName) => {
    fc.assert(
      fc.property(arbitraryObject(schemas, typeName), (object) => {
        const before = conform(object, schemas, typeName, { zeroValues: "all" });
        expect(before.errors).toEqual([]);
        const decoded = decodeMessage(encodeMessage(before.object, typeName, schemas), typeName, schemas);
        const after = conform(decoded, schemas, typeName, { zeroValues: "all" });
        expect(after.unknownFields).toEqual([]);
        expect(after.object).toEqual(before.object);
      }),
      { numRuns: 30 },
    );
  });

  it("frames a watch's event as client-go reads it", () => {
    const frame = encodeWatchEvent("ADDED", Buffer.from("k8s"));
    expect(frame.toString("latin1")).toBe("\0\0\0\x0e\x0a\x05ADDED\x12\x05\x0a\x03k8s");
  });

  it("reads what client-go writes", () => {
    // A ConfigMap with one key, encoded by apimachinery 0.36.
    const text = "azhzAAoPCgJ2MRIJQ29uZmlnTWFwEhsKEQoBYRIAGgAiACoAMgA4AEIAEgYKAWsSAXYaACIA";
    const bytes = Buffer.from(text, "base64");
    expect(decodeProtobuf(bytes, schemas)).toMatchObject({
      apiVersion: "v1",
      kind: "ConfigMap",
      object: { apiVersion: "v1", kind: "ConfigMap", metadata: { name: "a" }, data: { k: "v" } },
    });
  });

  it("keeps zeros of pointers and drops those of plain fields", () => {
    const typeName = "io.k8s.api.apps.v1.Deployment";
    const object = {
      apiVersion: "apps/v1",
      kind: "Deployment",
      spec: { replicas: 0, paused: false, minReadySeconds: 0 },
    };
    const decoded = decodeProtobuf(encodeProtobuf(object, schemas, typeName), schemas);
    expect(decoded.object).toEqual({ apiVersion: "apps/v1", kind: "Deployment", spec: { replicas: 0 } });
  });

  it("decodes options in the version of any group", () => {
    const options = {
      apiVersion: "apps/v1",
      kind: "DeleteOptions",
      gracePeriodSeconds: 0,
      propagationPolicy: "Orphan",
    };
    const bytes = encodeProtobuf(options, schemas, "io.k8s.apimachinery.pkg.apis.meta.v1.DeleteOptions");
    expect(decodeProtobuf(bytes, schemas).object).toEqual(options);
    const patch = encodeMessage(
      { fieldManager: "a", dryRun: ["All"] },
      "io.k8s.apimachinery.pkg.apis.meta.v1.PatchOptions",
      schemas,
    );
    expect(decodeMessage(patch, "io.k8s.apimachinery.pkg.apis.meta.v1.PatchOptions", schemas)).toEqual({
      fieldManager: "a",
      dryRun: ["All"],
    });
  });

  it.each([
    ["{}", "provided data does not appear to be a protobuf message"],
    ["k8s\0\u0012\u0010a", "(must be of type object): unexpected EOF"],
    ["k8s\0", 'no kind "" is registered for version ""'],
  ])("refuses %j", (text, message) => {
    expect(() => decodeProtobuf(Buffer.from(text), schemas)).toThrow(expect.objectContaining({ code: 400 }));
    expect(() => decodeProtobuf(Buffer.from(text), schemas)).toThrow(message);
  });

  const podBytes = (...message: number[]): Buffer =>
    Buffer.concat([
      Buffer.from("k8s\0\x0a\x09\x0a\x02v1\x12\x03Pod\x12", "latin1"),
      Buffer.from([message.length, ...message]),
    ]);

  it.each([
    ["a group's end", [0x0c], "proto: Pod: wiretype end group for non-group"],
    ["field 0", [0x02], "proto: Pod: illegal tag 0 (wire type 2)"],
    ["wire type 6", [0x26], "proto: illegal wireType 6"],
    ["wire type 7", [0x27], "proto: illegal wireType 7"],
    ["a number for a message", [0x08, 0x01], "proto: wrong wireType = 0 for field Metadata"],
    ["a length beyond the end", [0x0a, 0x7f], "unexpected EOF"],
    [
      "a negative length",
      [0x0a, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x01],
      "proto: negative length found during unmarshaling",
    ],
    ["an endless number", [0x20, ...Array<number>(11).fill(0x80)], "proto: integer overflow"],
    ["an unclosed group", [0x23, 0x23], "unexpected EOF"],
    ["half a tag", [0x80], "unexpected EOF"],
  ])("refuses %s", (_, message, complaint) => {
    expect(() => decodeProtobuf(podBytes(...message), schemas)).toThrow(
      expect.objectContaining({
        code: 400,
        message: `Pod in version "v1" cannot be handled as a object: ${complaint}`,
      }),
    );
  });

  it("passes over fields that it does not know, groups too", () => {
    const unknown = podBytes(0x23, 0x08, 0x01, 0x23, 0x24, 0x24, 0x29, 1, 2, 3, 4, 5, 6, 7, 8);
    expect(decodeProtobuf(unknown, schemas).object).toEqual({ apiVersion: "v1", kind: "Pod" });
  });

  it.each([9007199254740993n, -9007199254740993n, 2n ** 63n - 1n, -(2n ** 63n), 2 ** 53 - 1, -1, 1, 2 ** 40])(
    "keeps the 64 bits of %s",
    (terminationGracePeriodSeconds) => {
      const spec = { terminationGracePeriodSeconds, containers: [] };
      const bytes = encodeProtobuf({ apiVersion: "v1", kind: "Pod", spec }, schemas, "io.k8s.api.core.v1.Pod");
      expect(decodeProtobuf(bytes, schemas).object).toEqual({
        apiVersion: "v1",
        kind: "Pod",
        spec: { terminationGracePeriodSeconds },
      });
    },
  );

  it("refuses messages nested deeper than objects may be", () => {
    let schema: Record<string, unknown> = { type: "object" };
    for (let depth = 0; depth < 600; depth++) schema = { not: schema };
    const type = "io.k8s.apiextensions-apiserver.pkg.apis.apiextensions.v1.JSONSchemaProps";
    const bytes = encodeMessage(schema, type, schemas);
    expect(() => decodeMessage(bytes, type, schemas)).toThrow("proto: exceeded max depth");
  });
});
