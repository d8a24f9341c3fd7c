/** PersistentVolumeClaims: looks up the bound volume and prepares it. Volumes of the types hostPath and local. */
import { realpath } from "node:fs/promises";
import { persistentVolumeClaims, persistentVolumes } from "../../client/resources.ts";
import type { Client } from "../../client/types.ts";
import type { PersistentVolume, PersistentVolumeClaim, Pod } from "../../kinds/generated/core-v1.ts";
import { StatusError } from "../../machinery/errors/status-error.ts";
import { prepareHostPath } from "./host-path.ts";
import { applyGroup } from "./ownership.ts";
import type { MountedVolume } from "./volume-manager.ts";

/** `owned`: the claim must belong to the pod (a generic ephemeral volume). */
export async function preparePersistentVolume(
  client: Client,
  pod: Pod,
  claimName: string,
  { readOnly, owned }: { readonly readOnly: boolean; readonly owned: boolean },
): Promise<MountedVolume> {
  const claim = await readClaim(client, pod, claimName);
  if (owned && !claim.metadata?.ownerReferences?.some(({ uid }) => uid === pod.metadata?.uid)) {
    throw new Error(`PVC ${pod.metadata?.namespace ?? ""}/${claimName} was not created for the pod`);
  }
  const volumeName = claim.spec?.volumeName ?? "";
  if (volumeName === "" || claim.status?.phase !== "Bound") {
    throw new Error(`PVC ${claimName} is not bound`);
  }
  const volume = await client.of(persistentVolumes).get(volumeName);
  const path = await preparePath(volume);
  const group = pod.spec?.securityContext?.fsGroup;
  const sharedDirectory = volume.spec?.hostPath !== undefined;
  // Folders of the node are not the pod's to give away: upstream leaves hostPath alone.
  if (group !== undefined && !sharedDirectory && !readOnly) {
    await applyGroup(path, group, pod.spec?.securityContext?.fsGroupChangePolicy ?? "Always");
  }
  return { path, readOnly, ...(sharedDirectory ? {} : { measure: "file system" }) };
}

async function readClaim(client: Client, pod: Pod, name: string): Promise<PersistentVolumeClaim> {
  const namespace = pod.metadata?.namespace ?? "";
  try {
    return await client.of(persistentVolumeClaims).get(name, namespace);
  } catch (error) {
    if (!(error instanceof StatusError) || error.code !== 404) throw error;
    throw new Error(`error processing PVC ${namespace}/${name}: persistentvolumeclaim "${name}" not found`, {
      cause: error,
    });
  }
}

async function preparePath({ spec, metadata }: PersistentVolume): Promise<string> {
  const name = metadata?.name ?? "";
  if (spec?.volumeMode === "Block") throw new Error(`volume ${name}: block volumes are not supported by this node`);
  if (spec?.hostPath !== undefined) return prepareHostPath(spec.hostPath);
  if (spec?.local !== undefined) {
    // What a link leads to, since that is what the pod gets, and what its fsGroup is to own.
    const path = await realpath(spec.local.path).catch(() => undefined);
    if (path === undefined) throw new Error(`path "${spec.local.path}" does not exist`);
    return path;
  }
  if (spec?.csi !== undefined)
    throw new Error(`volume ${name}: CSI driver ${spec.csi.driver} is not installed on this node`);
  throw new Error(`volume ${name}: only hostPath and local volumes are supported by this node`);
}
