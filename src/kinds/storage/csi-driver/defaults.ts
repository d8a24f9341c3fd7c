/** SetDefaults_CSIDriver. */
import type { CSIDriver } from "../../generated/storage-v1.ts";

export function applyCsiDriverDefaults(driver: CSIDriver): void {
  driver.spec ??= {};
  const spec = driver.spec;
  spec.attachRequired ??= true;
  spec.podInfoOnMount ??= false;
  spec.storageCapacity ??= false;
  spec.fsGroupPolicy ??= "ReadWriteOnceWithFSType";
  if (!spec.volumeLifecycleModes?.length) spec.volumeLifecycleModes = ["Persistent"];
  spec.requiresRepublish ??= false;
  spec.seLinuxMount ??= false;
}
