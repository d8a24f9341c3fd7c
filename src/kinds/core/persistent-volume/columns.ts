import type { Column } from "../../../machinery/kind.ts";
import { ageColumn, nameColumn } from "../../column-parts.ts";
import type { PersistentVolume } from "../../generated/core-v1.ts";
import { formatAccessModes } from "../access-modes.ts";
import { storageClassOf } from "../storage-class-name.ts";

const phase = ({ metadata, status }: PersistentVolume): string =>
  metadata?.deletionTimestamp === undefined ? (status?.phase ?? "") : "Terminating";

const claim = ({ spec }: PersistentVolume): string =>
  spec?.claimRef === undefined ? "" : `${spec.claimRef.namespace ?? ""}/${spec.claimRef.name ?? ""}`;

export const persistentVolumeColumns: readonly Column<PersistentVolume>[] = [
  nameColumn(),
  { name: "Capacity", type: "string", value: ({ spec }) => spec?.capacity?.["storage"] ?? "0" },
  { name: "Access Modes", type: "string", value: ({ spec }) => formatAccessModes(spec?.accessModes) },
  { name: "Reclaim Policy", type: "string", value: ({ spec }) => spec?.persistentVolumeReclaimPolicy ?? "" },
  { name: "Status", type: "string", value: phase },
  { name: "Claim", type: "string", value: claim },
  { name: "StorageClass", type: "string", value: storageClassOf },
  {
    name: "VolumeAttributesClass",
    type: "string",
    value: ({ spec }) => spec?.volumeAttributesClassName ?? "<unset>",
  },
  { name: "Reason", type: "string", value: ({ status }) => status?.reason ?? "" },
  ageColumn(),
  { name: "VolumeMode", type: "string", priority: 1, value: ({ spec }) => spec?.volumeMode ?? "<unset>" },
];
