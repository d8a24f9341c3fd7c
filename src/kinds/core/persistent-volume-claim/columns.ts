import type { Column } from "../../../machinery/kind.ts";
import { ageColumn, nameColumn } from "../../column-parts.ts";
import type { PersistentVolumeClaim } from "../../generated/core-v1.ts";
import { formatAccessModes } from "../access-modes.ts";
import { storageClassOf } from "../storage-class-name.ts";

const phase = ({ metadata, status }: PersistentVolumeClaim): string =>
  metadata?.deletionTimestamp === undefined ? (status?.phase ?? "") : "Terminating";

const isBound = ({ spec }: PersistentVolumeClaim): boolean => !!spec?.volumeName;

export const persistentVolumeClaimColumns: readonly Column<PersistentVolumeClaim>[] = [
  nameColumn(),
  { name: "Status", type: "string", value: phase },
  { name: "Volume", type: "string", value: ({ spec }) => spec?.volumeName ?? "" },
  {
    name: "Capacity",
    type: "string",
    value: (claim) => (isBound(claim) ? (claim.status?.capacity?.["storage"] ?? "0") : ""),
  },
  {
    name: "Access Modes",
    type: "string",
    value: (claim) => (isBound(claim) ? formatAccessModes(claim.status?.accessModes) : ""),
  },
  { name: "StorageClass", type: "string", value: storageClassOf },
  {
    name: "VolumeAttributesClass",
    type: "string",
    value: ({ spec }) => spec?.volumeAttributesClassName ?? "<unset>",
  },
  ageColumn(),
  { name: "VolumeMode", type: "string", priority: 1, value: ({ spec }) => spec?.volumeMode ?? "<unset>" },
];
