/** Defaults of the volume sources that pods and persistent volumes share. */
import type { PersistentVolumeSpec, Volume } from "../../generated/core-v1.ts";

type Sources = Pick<PersistentVolumeSpec | Volume, "hostPath" | "rbd" | "iscsi" | "azureDisk" | "scaleIO">;

export function applyPersistentSourceDefaults({ hostPath, rbd, iscsi, azureDisk, scaleIO }: Sources): void {
  if (hostPath !== undefined) hostPath.type ??= "";
  if (rbd !== undefined) {
    rbd.pool ||= "rbd";
    rbd.user ||= "admin";
    rbd.keyring ||= "/etc/ceph/keyring";
  }
  if (iscsi !== undefined) iscsi.iscsiInterface ||= "default";
  if (azureDisk !== undefined) {
    azureDisk.cachingMode ??= "ReadWrite";
    azureDisk.fsType ??= "ext4";
    azureDisk.readOnly ??= false;
    azureDisk.kind ??= "Shared";
  }
  if (scaleIO !== undefined) {
    scaleIO.storageMode ||= "ThinProvisioned";
    scaleIO.fsType ||= "xfs";
  }
}
