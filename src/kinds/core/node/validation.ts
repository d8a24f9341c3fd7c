/** ValidateNode, ValidateNodeUpdate. */
import { type FieldError, forbiddenField, invalidValue } from "../../../machinery/errors/field-error.ts";
import { isLabelValue, isQualifiedName } from "../../../machinery/validation/names.ts";
import { checkEach, checkOneOf, checkText } from "../../field-checks.ts";
import type { Node, Taint } from "../../generated/core-v1.ts";
import { checkCidr, isIPv6Address } from "../../ip-checks.ts";
import { validateResourceAmount } from "../pod/validation/resources.ts";
import { taintEffects } from "../pod/validation/tolerations.ts";

export function validateNode({ spec = {}, status = {} }: Node): FieldError[] {
  const { podCIDRs = [] } = spec;
  const errors = [
    // Upstream places taints below metadata.
    ...validateTaints(spec.taints, "metadata.taints"),
    ...Object.entries(status.capacity ?? {}).flatMap(([name, amount]) =>
      validateResourceAmount(name, amount, `status.capacity.${name}`),
    ),
    ...Object.entries(status.allocatable ?? {}).flatMap(([name, amount]) =>
      validateResourceAmount(name, amount, `status.allocatable.${name}`),
    ),
    ...checkEach(podCIDRs, "spec.podCIDRs", (cidr, path) => checkCidr(path, cidr)),
  ];
  const families = new Set(podCIDRs.map((cidr) => isIPv6Address(cidr.split("/")[0] ?? "")));
  if (families.size < podCIDRs.length) {
    errors.push(invalidValue("spec.podCIDRs", podCIDRs, "may specify no more than one CIDR for each IP family"));
  }
  return errors;
}

function validateTaints(taints: readonly Taint[] | undefined, path: string): FieldError[] {
  const seen = new Set<string>();
  return checkEach(taints, path, (taint, place) => {
    const errors = checkText(`${place}.key`, taint.key, isQualifiedName);
    const complaints = isLabelValue(taint.value ?? "");
    if (complaints.length > 0) errors.push(invalidValue(`${place}.value`, taint.value, complaints.join(";")));
    errors.push(...checkOneOf(`${place}.effect`, taint.effect, taintEffects));
    const identity = `${taint.key}:${taint.effect}`;
    if (seen.has(identity)) {
      const message = `Duplicate value: ${JSON.stringify(taint)}: taints must be unique by key and effect pair`;
      errors.push({
        type: "FieldValueDuplicate",
        field: place,
        detailMessage: message,
        message: `${place}: ${message}`,
      });
    }
    seen.add(identity);
    return errors;
  });
}

export function validateNodeUpdate({ spec = {} }: Node, { spec: before = {} }: Node): FieldError[] {
  const errors: FieldError[] = [];
  const old = before.podCIDRs ?? [];
  const now = spec.podCIDRs ?? [];
  if (old.length > 0 && (old.length !== now.length || old.some((cidr, index) => cidr !== now[index]))) {
    errors.push(forbiddenField("spec.podCIDRs", 'node updates may not change podCIDR except from "" to valid'));
  }
  if (before.providerID && before.providerID !== spec.providerID) {
    const detail = 'node updates may not change providerID except from "" to valid';
    errors.push(forbiddenField("spec.providerID", detail));
  }
  return errors;
}

export function validateNodeStatusUpdate(node: Node, old: Node): FieldError[] {
  const seen = new Set<string>();
  const duplicates = checkEach(node.status?.addresses, "status.addresses", (address, path) => {
    const identity = `${address.type}/${address.address}`;
    const message = `Duplicate value: ${JSON.stringify(address)}`;
    if (seen.has(identity)) {
      return [{ type: "FieldValueDuplicate", field: path, detailMessage: message, message: `${path}: ${message}` }];
    }
    seen.add(identity);
    return [];
  });
  return [...validateNode(node), ...duplicates, ...validateNodeUpdate(node, old)];
}
