import { namesStorageClass, storageClassOf } from "../../kinds/core/storage-class-name.ts";
import type { PersistentVolumeClaim } from "../../kinds/generated/core-v1.ts";
import type { StorageClass } from "../../kinds/generated/storage-v1.ts";
import { defaultStorageClassOf } from "../../kinds/storage/storage-class/default-class.ts";
import { parseQuantity } from "../../machinery/quantity.ts";
import type { AdmissionPlugin, ObjectReader } from "../types.ts";
import { concerns, refuse } from "./request.ts";

const protectionFinalizers: readonly (readonly [string, string, string])[] = [
  ["", "persistentvolumes", "kubernetes.io/pv-protection"],
  ["", "persistentvolumeclaims", "kubernetes.io/pvc-protection"],
  ["storage.k8s.io", "volumeattributesclasses", "kubernetes.io/vac-protection"],
];

/** Finalizers that keep volumes and claims while they are used; controllers take them off. */
export const storageObjectInUseProtection: AdmissionPlugin = {
  name: "StorageObjectInUseProtection",
  admit(request) {
    for (const [group, plural, finalizer] of protectionFinalizers) {
      if (!concerns(request, group, plural, { operations: ["CREATE"] }) || request.object === undefined) continue;
      request.object.metadata ??= {};
      const finalizers = request.object.metadata.finalizers ?? [];
      if (!finalizers.includes(finalizer)) request.object.metadata.finalizers = [...finalizers, finalizer];
    }
  },
};

/** Claims that name no class get the newest default one. */
export function defaultStorageClass(reader: ObjectReader): AdmissionPlugin {
  return {
    name: "DefaultStorageClass",
    admit(request) {
      if (!concerns(request, "", "persistentvolumeclaims", { operations: ["CREATE"] })) return;
      const claim = request.object as PersistentVolumeClaim;
      if (namesStorageClass(claim)) return;
      const chosen = defaultStorageClassOf(reader.list<StorageClass>("storage.k8s.io", "storageclasses"));
      if (chosen?.metadata?.name) claim.spec = { ...claim.spec, storageClassName: chosen.metadata.name };
    },
  };
}

/** A claim may grow where its class allows expansion. */
export function persistentVolumeClaimResize(reader: ObjectReader): AdmissionPlugin {
  return {
    name: "PersistentVolumeClaimResize",
    validate(request) {
      if (!concerns(request, "", "persistentvolumeclaims", { operations: ["UPDATE"] })) return;
      const claim = request.object as PersistentVolumeClaim;
      const old = request.oldObject as PersistentVolumeClaim;
      const size = ({ spec }: PersistentVolumeClaim) => parseQuantity(spec?.resources?.requests?.["storage"] ?? "0");
      if (size(claim).compare(size(old)) <= 0) return;
      if (old.status?.phase !== "Bound") throw refuse(request, "Only bound persistent volume claims can be expanded");
      const name = storageClassOf(claim);
      const storageClass =
        name !== "" && name === storageClassOf(old)
          ? reader.get<StorageClass>("storage.k8s.io", "storageclasses", "", name)
          : undefined;
      if (storageClass?.allowVolumeExpansion === true) return;
      throw refuse(
        request,
        "only dynamically provisioned pvc can be resized and the storageclass that provisions the pvc must support resize",
      );
    },
  };
}
