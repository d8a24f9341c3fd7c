import { persistentVolumeClaims } from "../../client/resources.ts";
import type { StatefulSet } from "../../kinds/generated/apps-v1.ts";
import type { PersistentVolumeClaim, Pod } from "../../kinds/generated/core-v1.ts";
import { isAlreadyExists } from "../../machinery/errors/status-error.ts";
import type { OwnerReference } from "../../machinery/meta/object.ts";
import { sameJson } from "../framework/canonical-json.ts";
import { metaOf } from "../framework/controller-reference.ts";
import type { ControllerContext } from "../framework/define-controller.ts";
import { messageOf } from "../framework/failures.ts";
import { claimsOf, ordinalOf } from "./identity.ts";

/** Creates the claims that a pod needs and that are missing, before the pod. */
export async function ensureClaims(
  set: StatefulSet,
  pod: Pod,
  ordinal: number,
  context: ControllerContext,
): Promise<void> {
  for (const claim of claimsOf(set, ordinal)) {
    const { name, namespace } = metaOf(claim);
    if (context.lister(persistentVolumeClaims).get(name, namespace) !== undefined) continue;
    const subject = `Claim ${name} Pod ${metaOf(pod).name} in StatefulSet ${metaOf(set).name}`;
    try {
      await context.client.of(persistentVolumeClaims).create(claim);
      context.recorder.event(set, "Normal", "SuccessfulCreate", `create ${subject} success`);
    } catch (error) {
      if (isAlreadyExists(error)) continue;
      context.recorder.event(set, "Warning", "FailedCreate", `create ${subject} failed error: ${messageOf(error)}`);
      throw error;
    }
  }
}

/** Makes claims go with the set or with a pod that scaling takes away, as the retention policy says. */
export async function syncClaimOwners(
  set: StatefulSet,
  pods: readonly Pod[],
  condemned: ReadonlySet<Pod>,
  context: ControllerContext,
): Promise<void> {
  const { whenDeleted = "Retain", whenScaled = "Retain" } = set.spec?.persistentVolumeClaimRetentionPolicy ?? {};
  if ((set.spec?.volumeClaimTemplates ?? []).length === 0) return;
  for (const pod of pods) {
    const ordinal = ordinalOf(set, pod);
    if (ordinal === undefined) continue;
    const owners: OwnerReference[] = [];
    if (whenDeleted === "Delete" && !(whenScaled === "Delete" && condemned.has(pod))) {
      owners.push({
        apiVersion: "apps/v1",
        kind: "StatefulSet",
        name: metaOf(set).name,
        uid: metaOf(set).uid,
        controller: true,
      });
    }
    if (whenScaled === "Delete" && condemned.has(pod)) {
      owners.push({ apiVersion: "v1", kind: "Pod", name: metaOf(pod).name, uid: metaOf(pod).uid, controller: true });
    }
    for (const { metadata } of claimsOf(set, ordinal)) {
      const claim = context.lister(persistentVolumeClaims).get(metadata?.name ?? "", metadata?.namespace);
      if (claim !== undefined) await setOwners(claim, set, owners, context);
    }
  }
}

async function setOwners(
  claim: PersistentVolumeClaim,
  set: StatefulSet,
  owners: readonly OwnerReference[],
  context: ControllerContext,
): Promise<void> {
  const present = claim.metadata?.ownerReferences ?? [];
  const ours = ({ kind, name, apiVersion }: OwnerReference): boolean =>
    (kind === "StatefulSet" && name === metaOf(set).name && apiVersion.startsWith("apps/")) ||
    (kind === "Pod" && name.startsWith(`${metaOf(set).name}-`));
  const next = [...present.filter((reference) => !ours(reference)), ...owners];
  if (sameJson(present, next)) return;
  await context.client
    .of(persistentVolumeClaims)
    .update({ ...claim, metadata: { ...claim.metadata, ownerReferences: next } });
}
