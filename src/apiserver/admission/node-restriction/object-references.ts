import { allContainers } from "../../../kinds/core/pod/all-containers.ts";
import type { Container, Pod, Volume } from "../../../kinds/generated/core-v1.ts";

/** The first kind of API object that a pod refers to, in the words of upstream's error; undefined: none. */
export function objectReferenceOf({ spec }: Pod): string | undefined {
  if (spec === undefined) return undefined;
  const containers = allContainers(spec);
  const volumes = spec.volumes ?? [];
  if (spec.serviceAccountName) return "serviceaccounts";
  if (spec.imagePullSecrets?.some(({ name }) => name) || containers.some(namesSecret)) return "secrets";
  if (containers.some(namesConfigMap)) return "configmaps";
  if (spec.resourceClaims?.length) return "resourceclaims";
  for (const volume of volumes) {
    const reference = referenceOf(volume);
    if (reference !== undefined) return reference;
  }
  return undefined;
}

const namesSecret = ({ env = [], envFrom = [] }: Container): boolean =>
  env.some(({ valueFrom }) => valueFrom?.secretKeyRef) || envFrom.some(({ secretRef }) => secretRef);

const namesConfigMap = ({ env = [], envFrom = [] }: Container): boolean =>
  env.some(({ valueFrom }) => valueFrom?.configMapKeyRef) || envFrom.some(({ configMapRef }) => configMapRef);

/** Kinds of volume whose source names nothing, unless it has a secretRef. */
const selfContained = new Set([
  ...[
    "awsElasticBlockStore",
    "azureDisk",
    "cephfs",
    "cinder",
    "downwardAPI",
    "emptyDir",
    "fc",
    "flexVolume",
    "flocker",
  ],
  ...["gcePersistentDisk", "gitRepo", "hostPath", "image", "iscsi", "nfs", "photonPersistentDisk", "portworxVolume"],
  ...["quobyte", "rbd", "scaleIO", "storageos", "vsphereVolume"],
]);

const referring: Readonly<Record<string, string>> = {
  configMap: "configmaps (via configmap volumes)",
  secret: "secrets (via secret volumes)",
  csi: "csidrivers (via CSI volumes)",
  glusterfs: "endpoints (via glusterFS volumes)",
  persistentVolumeClaim: "persistentvolumeclaims",
  ephemeral: "persistentvolumeclaims (via ephemeral volumes)",
  azureFile: "secrets (via azureFile volumes)",
};

const projecting: Readonly<Record<string, string>> = {
  configMap: "configmaps (via projected volumes)",
  secret: "secrets (via projected volumes)",
  serviceAccountToken: "serviceaccounts (via projected volumes)",
  clusterTrustBundle: "clustertrustbundles",
  podCertificate: "podcertificates",
};

function referenceOf({ name: _, ...sources }: Volume): string | undefined {
  for (const [kind, source] of Object.entries(sources)) {
    if (source === undefined || source === null) continue;
    if (kind === "projected") {
      const projections = sources.projected?.sources ?? [];
      const known = projections.flatMap((projection) => Object.keys(projection).map((one) => projecting[one] ?? []));
      if (known.flat()[0] !== undefined) return known.flat()[0];
    } else if (!selfContained.has(kind)) return referring[kind] ?? `a volume of unknown type ${JSON.stringify(kind)}`;
    else if ((source as { secretRef?: object }).secretRef !== undefined) return "secrets";
  }
  return undefined;
}
