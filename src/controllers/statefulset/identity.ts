import { statefulSets } from "../../client/resources.ts";
import type { ControllerRevision, StatefulSet } from "../../kinds/generated/apps-v1.ts";
import type { PersistentVolumeClaim, Pod, PodTemplateSpec } from "../../kinds/generated/core-v1.ts";
import { metaOf, newControllerReference } from "../framework/controller-reference.ts";
import { revisionHashLabel } from "../framework/history.ts";
import { podFromTemplate } from "../framework/pod-control.ts";

const podNameLabel = "statefulset.kubernetes.io/pod-name";
const podIndexLabel = "apps.kubernetes.io/pod-index";

/** The ordinal in `SET-3`; undefined for names that are not of this set. */
export function ordinalOf(set: StatefulSet, pod: Pod): number | undefined {
  const { name } = metaOf(pod);
  const prefix = `${metaOf(set).name}-`;
  const suffix = name.slice(prefix.length);
  return name.startsWith(prefix) && /^\d+$/.test(suffix) ? Number(suffix) : undefined;
}

/** Which revision a pod is of: the name of its ControllerRevision. */
export const podRevision = (pod: Pod): string => pod.metadata?.labels?.[revisionHashLabel] ?? "";

export const claimName = (set: StatefulSet, template: string, ordinal: number): string =>
  `${template}-${metaOf(set).name}-${ordinal}`;

/** The pod of an ordinal as a revision has it: its template, its name, its own claims. */
export function statefulPod(set: StatefulSet, ordinal: number, revision: ControllerRevision): Pod {
  const { $patch: _, ...recorded } = (revision.data as { spec: { template: PodTemplateSpec & { $patch?: string } } })
    .spec.template;
  const pod = podFromTemplate(recorded, set, newControllerReference(statefulSets, set));
  const name = `${metaOf(set).name}-${ordinal}`;
  const { generateName: __, ...metadata } = pod.metadata ?? {};
  const claims = set.spec?.volumeClaimTemplates ?? [];
  const names = new Set(claims.map((claim) => metaOf(claim).name));
  const claimVolumes = claims.map((claim) => {
    const template = metaOf(claim).name;
    return { name: template, persistentVolumeClaim: { claimName: claimName(set, template, ordinal) } };
  });
  const others = (pod.spec?.volumes ?? []).filter((volume) => !names.has(volume.name));
  const volumes = [...claimVolumes, ...others];
  return {
    ...pod,
    metadata: {
      ...metadata,
      name,
      labels: {
        ...metadata.labels,
        [podNameLabel]: name,
        [podIndexLabel]: String(ordinal),
        [revisionHashLabel]: metaOf(revision).name,
      },
    },
    spec: {
      ...(pod.spec as NonNullable<Pod["spec"]>),
      hostname: name,
      ...(set.spec?.serviceName ? { subdomain: set.spec.serviceName } : {}),
      ...(volumes.length === 0 ? {} : { volumes }),
    },
  };
}

/** The claims of an ordinal, one of each template. */
export function claimsOf(set: StatefulSet, ordinal: number): PersistentVolumeClaim[] {
  return (set.spec?.volumeClaimTemplates ?? []).map((template) => ({
    metadata: {
      annotations: template.metadata?.annotations,
      name: claimName(set, metaOf(template).name, ordinal),
      namespace: metaOf(set).namespace,
      labels: { ...template.metadata?.labels, ...set.spec?.selector.matchLabels },
    },
    spec: template.spec,
  }));
}
