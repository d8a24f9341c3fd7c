/** Refuses CustomResourceDefinitions whose schemas or rules cannot be served. */
import type { CustomResourceDefinition } from "../../kinds/generated/apiextensions-v1.ts";
import type { FieldError } from "../../machinery/errors/field-error.ts";
import { invalid } from "../../machinery/errors/status-error.ts";
import { deepEqual } from "../../machinery/meta/accessors.ts";
import type { JsonSchema } from "../custom-resources/schema.ts";
import { validateRules } from "../custom-resources/validate-rules.ts";
import { validateSchema } from "../custom-resources/validate-schema.ts";
import type { AdmissionPlugin, AdmissionRequest } from "../types.ts";
import { inTurns } from "./policies/in-turns.ts";
import { concerns, objectOf } from "./request.ts";

const operations = ["CREATE", "UPDATE"] as const;

export const customResourceSchemas: AdmissionPlugin = {
  name: "CustomResourceSchemas",
  validate(request): Promise<void> | void {
    if (!concerns(request, "apiextensions.k8s.io", "customresourcedefinitions", { operations })) return;
    return inTurns(checkAll(request));
  },
};

function* checkAll(request: AdmissionRequest): Generator<void, void> {
  const { spec, metadata } = objectOf<CustomResourceDefinition>(request);
  const old = request.oldObject as CustomResourceDefinition | undefined;
  const errors: FieldError[] = [];
  for (const [index, { name, schema }] of spec.versions.entries()) {
    const root = schema?.openAPIV3Schema as JsonSchema | undefined;
    if (root === undefined) continue;
    const level = spec.versions.length === 1 ? "spec.validation" : `spec.versions[${index}].schema`;
    const path = `${level}.openAPIV3Schema`;
    const problems = validateSchema(root, path);
    errors.push(...problems);
    yield;
    const before = old?.spec.versions.find((version) => version.name === name)?.schema;
    // What has been let in stays, whatever the estimate of its rules is today.
    if (problems.length > 0 || deepEqual(before, schema)) continue;
    errors.push(...(yield* validateRules({ ...root, "x-kubernetes-embedded-resource": true }, path)));
  }
  if (errors.length > 0) throw invalid(request.kind, metadata?.name ?? "", errors);
}
