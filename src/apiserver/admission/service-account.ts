import { isMirrorPod, mirrorPodAnnotation } from "../../kinds/core/pod/mirror-pod.ts";
import type { Container, Pod, ServiceAccount, VolumeMount, VolumeProjection } from "../../kinds/generated/core-v1.ts";
import type { Clock } from "../../lib/clock.ts";
import { generateName } from "../../machinery/meta/accessors.ts";
import { referencesOf } from "../authorization/pod-references.ts";
import type { AdmissionPlugin, AdmissionRequest, ObjectReader } from "../types.ts";
import { createdPod, refuse } from "./request.ts";

const mountPath = "/var/run/secrets/kubernetes.io/serviceaccount";
const volumePrefix = "kube-api-access-";
/** One hour and seven seconds: the odd number marks tokens that only warn when they are used too long. */
const tokenExpirationSeconds = 3607;
/** The controller that makes `default` may be a moment behind a new namespace. */
const defaultAccountTries = 10;
const retryMs = 150;

/** Gives pods their service account, its image pull secrets and the volume with its token. */
export function serviceAccount(reader: ObjectReader, clock: Clock): AdmissionPlugin {
  const find = (namespace: string, name: string): ServiceAccount | undefined =>
    reader.get<ServiceAccount>("", "serviceaccounts", namespace, name);

  async function wait(request: AdmissionRequest, name: string): Promise<ServiceAccount> {
    for (let attempt = 1; name === "default" && attempt < defaultAccountTries; attempt++) {
      await clock.sleep(retryMs);
      const account = find(request.namespace, name);
      if (account !== undefined) return account;
    }
    throw refuse(
      request,
      `error looking up service account ${request.namespace}/${name}: serviceaccount "${name}" not found`,
    );
  }

  function complete(pod: Pod, account: ServiceAccount): void {
    const { spec } = pod;
    if (spec === undefined) return;
    if (spec.automountServiceAccountToken ?? account.automountServiceAccountToken ?? true) mountToken(pod);
    if (!spec.imagePullSecrets?.length && account.imagePullSecrets?.length) {
      spec.imagePullSecrets = account.imagePullSecrets.map((secret) => ({ ...secret }));
    }
  }

  return {
    name: "ServiceAccount",
    admit(request): Promise<void> | void {
      const pod = createdPod(request);
      if (pod?.spec === undefined || isMirrorPod(pod)) return;
      pod.spec.serviceAccountName ||= "default";
      // The deprecated name of the same field, which the API fills alike.
      pod.spec.serviceAccount = pod.spec.serviceAccountName;
      const name = pod.spec.serviceAccountName;
      const account = find(request.namespace, name);
      if (account !== undefined) return complete(pod, account);
      return wait(request, name).then((late) => complete(pod, late));
    },
    validate(request) {
      const pod = createdPod(request);
      if (pod !== undefined && isMirrorPod(pod)) checkMirrorPod(request, pod);
    },
  };
}

function checkMirrorPod(request: AdmissionRequest, pod: Pod): void {
  if (pod.spec?.serviceAccountName) throw refuse(request, "a mirror pod may not reference service accounts");
  const { [mirrorPodAnnotation]: _, ...annotations } = pod.metadata?.annotations ?? {};
  const references = referencesOf({ ...pod, metadata: { ...pod.metadata, annotations } });
  if ([...references].some((reference) => reference.startsWith("secrets/"))) {
    throw refuse(request, "a mirror pod may not reference secrets");
  }
  const projections = (pod.spec?.volumes ?? []).flatMap((volume) => volume.projected?.sources ?? []);
  if (projections.some((source) => source.serviceAccountToken !== undefined)) {
    throw refuse(request, "a mirror pod may not use ServiceAccountToken volume projections");
  }
}

function mountToken({ spec }: Pod): void {
  if (spec === undefined) return;
  const existing = spec.volumes?.find((volume) => volume.name.startsWith(volumePrefix));
  const name = existing?.name ?? generateName(volumePrefix);
  let mounted = false;
  for (const container of [...(spec.initContainers ?? []), ...spec.containers]) {
    mounted = mountInto(container, { mountPath, name, readOnly: true }) || mounted;
  }
  if (existing !== undefined || !mounted) return;
  spec.volumes = [...(spec.volumes ?? []), { name, projected: { defaultMode: 0o644, sources: tokenSources() } }];
}

function mountInto(container: Container, mount: VolumeMount): boolean {
  if (container.volumeMounts?.some((other) => other.mountPath === mountPath)) return false;
  container.volumeMounts = [...(container.volumeMounts ?? []), { ...mount }];
  return true;
}

function tokenSources(): VolumeProjection[] {
  const fieldRef = { apiVersion: "v1", fieldPath: "metadata.namespace" };
  return [
    { serviceAccountToken: { expirationSeconds: tokenExpirationSeconds, path: "token" } },
    { configMap: { items: [{ key: "ca.crt", path: "ca.crt" }], name: "kube-root-ca.crt" } },
    { downwardAPI: { items: [{ fieldRef, path: "namespace" }] } },
  ];
}
