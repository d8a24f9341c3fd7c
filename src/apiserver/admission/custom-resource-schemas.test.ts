import { expect, it } from "vitest";
import type { AdmissionRequest } from "../types.ts";
import { customResourceSchemas } from "./custom-resource-schemas.ts";

it("lets others have the thread while it compiles the rules of a schema, and says what is wrong in the end", async () => {
  const rules = Array.from({ length: 400 }, (_, index) => ({
    rule: `self.a.size() != ${index} && self.a != "${index}"`,
  }));
  const spec = {
    type: "object",
    properties: { a: { type: "string", maxLength: 10 } },
    "x-kubernetes-validations": [...rules, { rule: "self.none" }],
  };
  const versions = [{ name: "v1", schema: { openAPIV3Schema: { type: "object", properties: { spec } } } }];
  const request = {
    kind: { group: "apiextensions.k8s.io", plural: "customresourcedefinitions", kind: "CustomResourceDefinition" },
    operation: "CREATE",
    subresource: "",
    object: { metadata: { name: "a" }, spec: { versions } },
  } as unknown as AdmissionRequest;
  const order: string[] = [];
  const checked = Promise.resolve(customResourceSchemas.validate?.(request)).catch((error: Error) => {
    order.push("checked");
    return error;
  });
  setImmediate(() => order.push("other"));
  expect(await checked).toMatchObject({ message: expect.stringContaining("x-kubernetes-validations[400].rule") });
  expect(order).toEqual(["other", "checked"]);
});
