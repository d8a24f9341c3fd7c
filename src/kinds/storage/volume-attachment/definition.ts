import { clearStatus } from "../../clear-status.ts";
import { fromTable } from "../../from-table.ts";
import type { VolumeAttachment } from "../../generated/storage-v1.ts";
import { volumeAttachmentColumns } from "./columns.ts";
import { applyVolumeAttachmentDefaults } from "./defaults.ts";
import { validateVolumeAttachment, validateVolumeAttachmentUpdate } from "./validation.ts";

export const volumeAttachment = fromTable<VolumeAttachment>("storage.k8s.io", "v1", "VolumeAttachment", {
  unconditionalUpdate: false,
  applyDefaults: applyVolumeAttachmentDefaults,
  prepareForCreate: clearStatus,
  validate: validateVolumeAttachment,
  validateUpdate: validateVolumeAttachmentUpdate,
  columns: volumeAttachmentColumns,
});
