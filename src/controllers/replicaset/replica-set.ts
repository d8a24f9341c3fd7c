/** ReplicaSets: see replica-manager.ts. Fed by ReplicaSets and pods; feeds pods and the sets' status. */

import { replicaSets } from "../../client/resources.ts";
import type { ReplicaSet } from "../../kinds/generated/apps-v1.ts";
import { labelSelectorFromObject } from "../../machinery/selectors/label-selector.ts";
import { defineReplicaController } from "./replica-manager.ts";

export const replicaSetController = defineReplicaController({
  name: "replicaset",
  resource: replicaSets,
  countsTerminating: true,
  view: (object) => object as ReplicaSet,
  selector: (set) => labelSelectorFromObject(set.spec?.selector),
});
