/** One volume, attached to one node; the request never changes. */
import { type FieldError, forbiddenField, required } from "../../../machinery/errors/field-error.ts";
import { isDns1123Subdomain } from "../../../machinery/validation/names.ts";
import { validateCsiDriverName } from "../../core/persistent-volume/csi-driver-name.ts";
import { checkImmutable, checkText } from "../../field-checks.ts";
import type { VolumeAttachment, VolumeAttachmentSource } from "../../generated/storage-v1.ts";

export function validateVolumeAttachment({ spec }: VolumeAttachment): FieldError[] {
  return [
    ...validateCsiDriverName(spec?.attacher, "spec.attacher"),
    ...validateSource(spec?.source ?? {}, "spec.source"),
    ...checkText("spec.nodeName", spec?.nodeName, isDns1123Subdomain),
  ];
}

function validateSource(
  { inlineVolumeSpec, persistentVolumeName: name }: VolumeAttachmentSource,
  path: string,
): FieldError[] {
  const detail = "must specify exactly one of inlineVolumeSpec and persistentVolumeName";
  if (inlineVolumeSpec === undefined && name === undefined) return [required(path, detail)];
  if (inlineVolumeSpec !== undefined && name !== undefined) return [forbiddenField(path, detail)];
  if (name === undefined) return [];
  const place = `${path}.persistentVolumeName`;
  return name === ""
    ? [required(place, "must specify non empty persistentVolumeName")]
    : checkText(place, name, isDns1123Subdomain);
}

export function validateVolumeAttachmentUpdate({ spec }: VolumeAttachment, old: VolumeAttachment): FieldError[] {
  return checkImmutable("spec", spec, old.spec);
}
