/** SetDefaults_StorageClass. */
import type { StorageClass } from "../../generated/storage-v1.ts";

export function applyStorageClassDefaults(storageClass: StorageClass): void {
  storageClass.reclaimPolicy ??= "Delete";
  storageClass.volumeBindingMode ??= "Immediate";
}
