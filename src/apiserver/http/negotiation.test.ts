import { describe, expect, it } from "vitest";
import { negotiate } from "./negotiation.ts";

const none = new URLSearchParams();
const table = "application/json;as=Table;v=v1;g=meta.k8s.io";

describe("negotiate", () => {
  it.each([
    [undefined, "json", undefined],
    ["*/*", "json", undefined],
    ["application/yaml", "yaml", undefined],
    ["application/vnd.kubernetes.protobuf, application/json", "json", undefined],
    ["application/json;q=0.1, application/yaml", "yaml", undefined],
    [`${table},application/json;as=Table;v=v1beta1;g=meta.k8s.io,application/json`, "json", "Table"],
    ["application/json;as=Table;v=v2;g=meta.k8s.io, application/json", "json", undefined],
    ["application/json;as=PartialObjectMetadataList;v=v1;g=meta.k8s.io", "json", "PartialObjectMetadataList"],
  ])("reads Accept: %s", (accept, encoding, as) => {
    const form = negotiate(accept, none);
    expect([form.encoding, form.as]).toEqual([encoding, as]);
  });

  it("gives metadata in protobuf to who prefers that, where it can", () => {
    const clause = "as=PartialObjectMetadata;g=meta.k8s.io;v=v1";
    const accept = `application/vnd.kubernetes.protobuf;${clause},application/json;${clause},application/json`;
    const inProtobuf = { encoding: "protobuf", as: "PartialObjectMetadata" };
    expect(negotiate(accept, none, { protobufMetadata: true })).toMatchObject(inProtobuf);
    expect(negotiate(accept, none)).toMatchObject({ ...inProtobuf, encoding: "json" });
    const whole = "application/vnd.kubernetes.protobuf,application/json";
    expect(negotiate(whole, none, { protobufMetadata: true }).encoding).toBe("json");
  });

  it("refuses what cannot be produced", () => {
    expect(() => negotiate("text/html", none)).toThrow("only the following media types are accepted");
    expect(() => negotiate(table, none, { transformations: false })).toThrow("only the following media types");
    expect(negotiate(`${table},application/json`, none, { transformations: false }).as).toBeUndefined();
  });

  it("takes pretty from the query", () => {
    expect(negotiate("application/json", new URLSearchParams("pretty=true")).pretty).toBe(true);
    expect(negotiate("application/json", none).pretty).toBe(false);
  });
});

it("refuses an Accept header that is longer than any client's, and holds on to none that is long", () => {
  const long = Array.from({ length: 2000 }, (_, index) => `a${index}/b`).join();
  expect(() => negotiate(long, new URLSearchParams())).toThrow(expect.objectContaining({ code: 400 }));
});
