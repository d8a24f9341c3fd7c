import { expect, it } from "vitest";
import { builtInSchemas } from "../../kinds/schema-table.ts";
import { decodeProtobuf } from "../../machinery/codec/protobuf.ts";
import { CachedObject } from "../watch/cached-object.ts";
import { encodeStored } from "../watch/object-bytes.ts";
import { ProtobufMetadataEncoding } from "./protobuf-encoding.ts";

const metadata = { name: "one", namespace: "default", creationTimestamp: "2026-01-01T00:00:00Z", labels: { a: "b" } };
const object = CachedObject.fromStored(
  { key: "/registry/example.com/things/default/one", namespace: "default", name: "one", createRevision: 7 },
  7,
  encodeStored({ apiVersion: "example.com/v1", kind: "Thing", metadata, spec: { size: 1 } }),
);
const whole = { metadata: { ...metadata, resourceVersion: "7" } };

it.each(["v1", "v1beta1"] as const)("writes metadata alone in protobuf, of a custom resource too: %s", (version) => {
  const encoding = new ProtobufMetadataEncoding(version);
  const decode = (bytes: Buffer, type: string): unknown => decodeProtobuf(bytes, builtInSchemas, type).object;
  const apiVersion = `meta.k8s.io/${version}`;
  const one = decode(encoding.one(object), "io.k8s.apimachinery.pkg.apis.meta.v1.PartialObjectMetadata");
  expect(one).toEqual({ apiVersion, kind: "PartialObjectMetadata", ...whole });
  const list = decode(
    encoding.list([object], { resourceVersion: "9", remainingItemCount: 3 }),
    `io.k8s.apimachinery.pkg.apis.meta.${version}.PartialObjectMetadataList`,
  );
  const listMeta = { resourceVersion: "9", remainingItemCount: 3 };
  expect(list).toEqual({ apiVersion, kind: "PartialObjectMetadataList", metadata: listMeta, items: [whole] });
});
