/** ValidateStorageClass, ValidateStorageClassUpdate. */
import { type FieldError, required } from "../../../machinery/errors/field-error.ts";
import { isQualifiedName } from "../../../machinery/validation/names.ts";
import { checkEach, checkImmutable, checkOneOf, checkOptionalOneOf, checkText } from "../../field-checks.ts";
import type { StorageClass } from "../../generated/storage-v1.ts";
import { validateParameters, validateProvisioner } from "../parameters-validation.ts";

export function validateStorageClass(storageClass: StorageClass): FieldError[] {
  const { provisioner, parameters, reclaimPolicy, volumeBindingMode, allowedTopologies } = storageClass;
  return [
    ...validateProvisioner(provisioner, "provisioner"),
    ...validateParameters(parameters, true, "parameters"),
    ...checkOptionalOneOf("reclaimPolicy", reclaimPolicy, ["Delete", "Retain"]),
    ...checkOneOf("volumeBindingMode", volumeBindingMode, ["Immediate", "WaitForFirstConsumer"]),
    ...checkEach(allowedTopologies, "allowedTopologies", ({ matchLabelExpressions }, path) =>
      checkEach(matchLabelExpressions, `${path}.matchLabelExpressions`, ({ key, values }, place) => [
        ...(values?.length ? [] : [required(`${place}.values`)]),
        ...checkText(`${place}.key`, key, isQualifiedName),
      ]),
    ),
  ];
}

export function validateStorageClassUpdate(storageClass: StorageClass, old: StorageClass): FieldError[] {
  const fields = ["parameters", "provisioner", "reclaimPolicy", "volumeBindingMode"] as const;
  return fields.flatMap((field) => checkImmutable(field, storageClass[field], old[field]));
}
