/** Mirror pods: what the API shows of static pods. They are written by the kubelet and never run from the API. */
import { pods } from "../../client/resources.ts";
import type { Client, Lister } from "../../client/types.ts";
import { mirrorPodAnnotation } from "../../kinds/core/pod/mirror-pod.ts";
import type { Node, Pod } from "../../kinds/generated/core-v1.ts";
import { configHashAnnotation } from "./labels.ts";

export interface MirrorPods {
  /** The mirror of a static pod; made anew when it is missing or of an older manifest. */
  ensure(pod: Pod): Promise<Pod>;
  remove(pod: Pod): Promise<void>;
}

export function createMirrorPods(client: Client, lister: Lister<Pod>, node: () => Node | undefined): MirrorPods {
  const resource = client.of(pods);
  // From the cache: a node may not ask for pods that are not its own, and a missing one is nobody's.
  const find = (pod: Pod): Pod | undefined => lister.get(pod.metadata?.name ?? "", pod.metadata?.namespace);
  const remove = async (pod: Pod): Promise<void> => {
    const found = find(pod);
    const { name = "", namespace = "", uid = "", annotations = {} } = found?.metadata ?? {};
    if (annotations[mirrorPodAnnotation] === undefined) return;
    await resource.delete(name, { namespace, gracePeriodSeconds: 0, preconditions: { uid } });
  };
  return {
    remove,
    async ensure(pod) {
      const hash = pod.metadata?.annotations?.[configHashAnnotation] ?? "";
      const found = find(pod);
      const { annotations = {}, deletionTimestamp } = found?.metadata ?? {};
      if (found !== undefined && annotations[mirrorPodAnnotation] === hash && deletionTimestamp === undefined) {
        return found;
      }
      if (found !== undefined) await remove(pod);
      return resource.create(mirrorOf(pod, hash, node()));
    },
  };
}

function mirrorOf(pod: Pod, hash: string, node: Node | undefined): Pod {
  const { name, namespace, labels, annotations } = pod.metadata ?? {};
  const { name: nodeName = "", uid = "" } = node?.metadata ?? {};
  const ownerReferences = [{ apiVersion: "v1", kind: "Node", name: nodeName, uid, controller: true }];
  return {
    apiVersion: "v1",
    kind: "Pod",
    metadata: {
      ...(name === undefined ? {} : { name }),
      ...(namespace === undefined ? {} : { namespace }),
      ...(labels === undefined ? {} : { labels }),
      annotations: { ...annotations, [mirrorPodAnnotation]: hash },
      ...(uid === "" ? {} : { ownerReferences }),
    },
    ...(pod.spec === undefined ? {} : { spec: pod.spec }),
  };
}
