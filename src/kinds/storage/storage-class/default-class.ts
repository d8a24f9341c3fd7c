import { newest } from "../../../machinery/meta/newest.ts";
import type { StorageClass } from "../../generated/storage-v1.ts";

const defaultAnnotations = [
  "storageclass.kubernetes.io/is-default-class",
  "storageclass.beta.kubernetes.io/is-default-class",
];

/** Whether claims that name no class may get this one. */
export const isDefaultStorageClass = ({ metadata }: StorageClass): boolean =>
  defaultAnnotations.some((annotation) => metadata?.annotations?.[annotation] === "true");

/** The class that claims get which name none: of the default ones, the newest. */
export const defaultStorageClassOf = (classes: readonly StorageClass[]): StorageClass | undefined =>
  newest(classes, isDefaultStorageClass);
