import { allContainers } from "../../kinds/core/pod/all-containers.ts";
import { claimNameOf } from "../../kinds/core/pod/claim-names.ts";
import { isMirrorPod } from "../../kinds/core/pod/mirror-pod.ts";
import type { Pod, Volume } from "../../kinds/generated/core-v1.ts";

/** What a pod's spec names in its own namespace, as `RESOURCE/NAME`: `secrets/db`, `serviceaccounts/default`. */
export function referencesOf(pod: Pod): ReadonlySet<string> {
  const references = new Set<string>();
  // Mirror pods are made by the node itself: they may not widen what it reads.
  if (isMirrorPod(pod) || pod.spec === undefined) return references;
  const add = (plural: string, name: string | undefined): void => {
    if (name) references.add(`${plural}/${name}`);
  };
  add("serviceaccounts", pod.spec.serviceAccountName);
  for (const secret of pod.spec.imagePullSecrets ?? []) add("secrets", secret.name);
  for (const container of allContainers(pod.spec)) {
    for (const variable of container.env ?? []) {
      add("secrets", variable.valueFrom?.secretKeyRef?.name);
      add("configmaps", variable.valueFrom?.configMapKeyRef?.name);
    }
    for (const source of container.envFrom ?? []) {
      add("secrets", source.secretRef?.name);
      add("configmaps", source.configMapRef?.name);
    }
  }
  for (const volume of pod.spec.volumes ?? []) addVolume(volume, pod.metadata?.name ?? "", add);
  for (const claim of pod.spec.resourceClaims ?? []) add("resourceclaims", claim.resourceClaimName);
  for (const status of pod.status?.resourceClaimStatuses ?? []) add("resourceclaims", status.resourceClaimName);
  return references;
}

function addVolume(volume: Volume, podName: string, add: (plural: string, name: string | undefined) => void): void {
  add("secrets", volume.secret?.secretName);
  add("configmaps", volume.configMap?.name);
  add("persistentvolumeclaims", claimNameOf(volume, podName));
  for (const source of volume.projected?.sources ?? []) {
    add("secrets", source.secret?.name);
    add("configmaps", source.configMap?.name);
  }
  add("secrets", volume.azureFile?.secretName);
  add("secrets", volume.cephfs?.secretRef?.name);
  add("secrets", volume.cinder?.secretRef?.name);
  add("secrets", volume.csi?.nodePublishSecretRef?.name);
  add("secrets", volume.flexVolume?.secretRef?.name);
  add("secrets", volume.iscsi?.secretRef?.name);
  add("secrets", volume.rbd?.secretRef?.name);
  add("secrets", volume.scaleIO?.secretRef?.name);
  add("secrets", volume.storageos?.secretRef?.name);
}
