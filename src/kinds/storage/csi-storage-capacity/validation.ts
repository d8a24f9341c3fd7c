/** ValidateCSIStorageCapacity, ValidateCSIStorageCapacityUpdate. */
import { type FieldError, invalidValue } from "../../../machinery/errors/field-error.ts";
import { parseQuantity } from "../../../machinery/quantity.ts";
import { validateLabelSelector } from "../../../machinery/validation/label-selector.ts";
import { isDns1123Subdomain } from "../../../machinery/validation/names.ts";
import { checkImmutable, checkText, isNegativeMessage } from "../../field-checks.ts";
import type { CSIStorageCapacity } from "../../generated/storage-v1.ts";

export function validateCsiStorageCapacity(object: CSIStorageCapacity): FieldError[] {
  const { nodeTopology, storageClassName, capacity } = object;
  const negative = capacity !== undefined && parseQuantity(capacity).sign < 0;
  return [
    ...validateLabelSelector(nodeTopology, "nodeTopology"),
    ...checkText("storageClassName", storageClassName, isDns1123Subdomain),
    ...(negative ? [invalidValue("capacity", capacity, isNegativeMessage)] : []),
  ];
}

export function validateCsiStorageCapacityUpdate(now: CSIStorageCapacity, old: CSIStorageCapacity): FieldError[] {
  return [
    ...checkImmutable("nodeTopology", now.nodeTopology, old.nodeTopology),
    ...checkImmutable("storageClassName", now.storageClassName, old.storageClassName),
  ];
}
