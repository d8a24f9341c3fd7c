/** Creates the claims of pods' generic ephemeral volumes, owned by the pod and gone with it. */
import { splitKey } from "../../client/object-cache.ts";
import { persistentVolumeClaims, pods } from "../../client/resources.ts";
import { claimNameOf } from "../../kinds/core/pod/claim-names.ts";
import { isPodActive } from "../../kinds/core/pod/pod-state.ts";
import { isAlreadyExists } from "../../machinery/errors/status-error.ts";
import { isControlledBy } from "../../machinery/meta/accessors.ts";
import { newControllerReference } from "../framework/controller-reference.ts";
import { defineController, watch } from "../framework/define-controller.ts";

export const ephemeralVolumeController = defineController({
  name: "ephemeral-volume",
  component: "ephemeral_volume",
  primary: pods,
  watches: [watch(persistentVolumeClaims, () => [])],
  async reconcile(key, context) {
    const { namespace, name } = splitKey(key);
    const pod = context.lister(pods).get(name, namespace);
    if (pod === undefined || !isPodActive(pod)) return;
    for (const volume of pod.spec?.volumes ?? []) {
      const template = volume.ephemeral?.volumeClaimTemplate;
      const claim = claimNameOf(volume, name);
      if (template === undefined || claim === undefined) continue;
      const present = context.lister(persistentVolumeClaims).get(claim, namespace);
      if (present !== undefined) {
        if (isControlledBy(present, pod)) continue;
        throw new Error(`PVC ${namespace}/${claim} was not created for pod ${namespace}/${name} (pod is not owner)`);
      }
      const ownerReferences = [newControllerReference(pods, pod)];
      const metadata = { ...template.metadata, name: claim, namespace, ownerReferences };
      try {
        await context.client.of(persistentVolumeClaims).create({ metadata, spec: template.spec });
      } catch (error) {
        if (!isAlreadyExists(error)) throw error;
      }
    }
  },
});
