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
    ["k8s\0\u0012\u0010a", "proto: index out of range"],
    ["k8s\0", 'no kind "" is registered for version ""'],
  ])("refuses %j", (text, message) => {
    expect(() => decodeProtobuf(Buffer.from(text), schemas)).toThrow(expect.objectContaining({ code: 400 }));
    expect(() => decodeProtobuf(Buffer.from(text), schemas)).toThrow(message);
  });
});
