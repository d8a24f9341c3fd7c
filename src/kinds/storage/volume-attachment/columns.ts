import type { Column } from "../../../machinery/kind.ts";
import { ageColumn, nameColumn } from "../../column-parts.ts";
import type { VolumeAttachment } from "../../generated/storage-v1.ts";

export const volumeAttachmentColumns: readonly Column<VolumeAttachment>[] = [
  nameColumn(),
  { name: "Attacher", type: "string", format: "name", value: ({ spec }) => spec?.attacher ?? "" },
  { name: "PV", type: "string", value: ({ spec }) => spec?.source?.persistentVolumeName ?? "" },
  { name: "Node", type: "string", value: ({ spec }) => spec?.nodeName ?? "" },
  { name: "Attached", type: "boolean", value: ({ status }) => status?.attached ?? false },
  ageColumn(),
];
