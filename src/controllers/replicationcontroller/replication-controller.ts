/** ReplicationControllers, handled as ReplicaSets: see ../replicaset/replica-manager.ts. */

import { replicationControllers } from "../../client/resources.ts";
import type { ReplicaSet } from "../../kinds/generated/apps-v1.ts";
import { labelSelectorFromSet, matchNoLabels } from "../../machinery/selectors/label-selector.ts";
import { defineReplicaController } from "../replicaset/replica-manager.ts";

export const replicationControllerController = defineReplicaController({
  name: "replication",
  resource: replicationControllers,
  countsTerminating: false,
  view: (object) => object as ReplicaSet,
  selector(controller) {
    // Here spec.selector is a plain map of labels, and an empty one selects nothing.
    const labels = (controller.spec?.selector ?? {}) as Record<string, string>;
    return Object.keys(labels).length === 0 ? matchNoLabels : labelSelectorFromSet(labels);
  },
});
