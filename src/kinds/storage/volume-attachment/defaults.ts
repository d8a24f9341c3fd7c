/** Defaults of an inline volume's source. */

import { applyPersistentSourceDefaults } from "../../core/persistent-volume/source-defaults.ts";
import type { VolumeAttachment } from "../../generated/storage-v1.ts";

export function applyVolumeAttachmentDefaults({ spec }: VolumeAttachment): void {
  const inline = spec?.source?.inlineVolumeSpec;
  if (inline !== undefined) applyPersistentSourceDefaults(inline);
}
