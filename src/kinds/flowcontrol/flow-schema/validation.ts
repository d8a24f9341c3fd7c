/** A flow schema refers to a priority level, and takes its turn by its precedence. */
import { type FieldError, invalidValue, required } from "../../../machinery/errors/field-error.ts";
import { isDns1123Subdomain } from "../../../machinery/validation/names.ts";
import { checkEach, checkOptionalOneOf, checkText } from "../../field-checks.ts";
import type { FlowSchema, FlowSchemaSpec } from "../../generated/flowcontrol-v1.ts";
import { semanticEqual } from "../../semantic-equal.ts";
import { mandatoryFlowSchemas } from "../bootstrap-objects.ts";
import { checkRule } from "./rules.ts";

const highestPrecedence = 10_000;

export function validateFlowSchema({ metadata, spec }: FlowSchema): FieldError[] {
  const name = metadata?.name ?? "";
  const errors = [
    ...checkPrecedence(name, spec?.matchingPrecedence ?? 0),
    ...checkOptionalOneOf("spec.distinguisherMethod.type", spec?.distinguisherMethod?.type, ["ByNamespace", "ByUser"]),
    ...checkLevel(spec),
    ...checkEach(spec?.rules, "spec.rules", checkRule),
  ];
  const fixed = mandatoryFlowSchemas().find((one) => one.metadata?.name === name);
  if (fixed !== undefined && !semanticEqual(spec, fixed.spec)) {
    errors.push(invalidValue("spec", spec, `spec of '${name}' must equal the fixed value`));
  }
  return errors;
}

function checkPrecedence(name: string, precedence: number): FieldError[] {
  const path = "spec.matchingPrecedence";
  const errors: FieldError[] = [];
  if (precedence <= 0) errors.push(invalidValue(path, precedence, "must be a positive value"));
  if (precedence > highestPrecedence) {
    errors.push(invalidValue(path, precedence, `must not be greater than ${highestPrecedence}`));
  }
  if (precedence === 1 && name !== "exempt") {
    errors.push(invalidValue(path, precedence, "only the schema named 'exempt' may have matchingPrecedence 1"));
  }
  return errors;
}

function checkLevel(spec: FlowSchemaSpec | undefined): FieldError[] {
  const path = "spec.priorityLevelConfiguration.name";
  const name = spec?.priorityLevelConfiguration?.name;
  return name ? checkText(path, name, isDns1123Subdomain) : [required(path, "must reference a priority level")];
}
