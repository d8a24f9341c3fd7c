/** Keeps the phase of volumes: Available, Bound, or Released once the claim is gone. Fed by volumes and claims. */
import { persistentVolumeClaims, persistentVolumes } from "../../client/resources.ts";
import type { PersistentVolume } from "../../kinds/generated/core-v1.ts";
import { ignoreNotFound } from "../../machinery/errors/ignore-not-found.ts";
import { metaOf } from "../framework/controller-reference.ts";
import { type ControllerContext, defineController, watch } from "../framework/define-controller.ts";

export const volumePhaseController = defineController({
  name: "persistentvolume-phase",
  component: "persistentvolume-controller",
  primary: persistentVolumes,
  watches: [
    watch(persistentVolumeClaims, (claim, context) => {
      const name = claim.spec?.volumeName;
      return name && context.lister(persistentVolumes).get(name) !== undefined ? [name] : [];
    }),
  ],
  workers: 2,
  async reconcile(name, context) {
    const volume = context.lister(persistentVolumes).get(name);
    if (volume === undefined) return;
    const phase = await volumePhase(volume, context);
    if (volume.status?.phase === phase) return;
    await ignoreNotFound(
      context.client.of(persistentVolumes).updateStatus({ ...volume, status: { ...volume.status, phase } }),
    );
  },
});

async function volumePhase(volume: PersistentVolume, context: ControllerContext): Promise<string> {
  const reference = volume.spec?.claimRef;
  if (!reference?.uid) return "Available";
  const { name = "", namespace } = reference;
  const cached = context.lister(persistentVolumeClaims).get(name, namespace);
  // Releasing gives data away: the server itself must say that the claim is gone.
  const claim = cached ?? (await ignoreNotFound(context.client.of(persistentVolumeClaims).get(name, namespace)));
  if (claim?.metadata?.uid !== reference.uid) return "Released";
  return claim.spec?.volumeName === metaOf(volume).name ? "Bound" : (volume.status?.phase ?? "Available");
}
