/** The drivers of a node: names that are told apart, node IDs, topology keys. */
import { duplicate, type FieldError, invalidValue, required } from "../../../machinery/errors/field-error.ts";
import { isQualifiedName } from "../../../machinery/validation/names.ts";
import { validateCsiDriverName } from "../../core/persistent-volume/csi-driver-name.ts";
import { checkEach, checkImmutable, checkNonNegative, checkText, checkUnique } from "../../field-checks.ts";
import type { CSINode, CSINodeDriver } from "../../generated/storage-v1.ts";

const longestNodeId = 192;
const path = "spec.drivers";

export function validateCsiNode({ spec }: CSINode): FieldError[] {
  return [
    ...checkEach(spec?.drivers, path, validateDriver),
    ...checkUnique(spec?.drivers, path, ".name", ({ name }) => name),
  ];
}

function validateDriver({ name, nodeID, allocatable, topologyKeys = [] }: CSINodeDriver, place: string): FieldError[] {
  const errors = validateCsiDriverName(name, `${place}.name`);
  if (!nodeID) errors.push(required(`${place}.nodeID`));
  else if (nodeID.length > longestNodeId) {
    errors.push(invalidValue(`${place}.nodeID`, nodeID, `must be ${longestNodeId} characters or less`));
  }
  errors.push(...checkNonNegative(`${place}.allocatable.count`, allocatable?.count));
  for (const [index, key] of topologyKeys.entries()) {
    if (key === "") errors.push(required(place));
    if (topologyKeys.indexOf(key) < index) errors.push(duplicate(place, key));
    errors.push(...checkText(place, key, isQualifiedName));
  }
  return errors;
}

export function validateCsiNodeUpdate({ spec }: CSINode, old: CSINode): FieldError[] {
  const fixed = ({ allocatable: _count, ...driver }: CSINodeDriver) => driver;
  return (old.spec?.drivers ?? []).flatMap((before) => {
    const now = spec?.drivers?.find(({ name }) => name === before.name);
    return now === undefined ? [] : checkImmutable("CSINodeDriver", fixed(now), fixed(before));
  });
}
