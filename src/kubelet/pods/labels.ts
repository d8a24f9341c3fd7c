/**
 * Labels and annotations on sandboxes and containers, the same as upstream's, so that a restarted kubelet finds its
 * pods again and tools that read the runtime (crictl, nerdctl) understand them.
 */
import { createHash } from "node:crypto";
import type { Container, Pod } from "../../kinds/generated/core-v1.ts";

export const labelKeys = {
  podName: "io.kubernetes.pod.name",
  podNamespace: "io.kubernetes.pod.namespace",
  podUid: "io.kubernetes.pod.uid",
  containerName: "io.kubernetes.container.name",
} as const;

export const annotationKeys = {
  hash: "io.kubernetes.container.hash",
  restartCount: "io.kubernetes.container.restartCount",
  terminationMessagePath: "io.kubernetes.container.terminationMessagePath",
  terminationMessagePolicy: "io.kubernetes.container.terminationMessagePolicy",
  preStopHandler: "io.kubernetes.container.preStopHandler",
  ports: "io.kubernetes.container.ports",
  podDeletionGracePeriod: "io.kubernetes.pod.deletionGracePeriod",
  podTerminationGracePeriod: "io.kubernetes.pod.terminationGracePeriod",
} as const;

/** Where a pod came from: `file` for static pods, `api` otherwise. */
export const configSourceAnnotation = "kubernetes.io/config.source";
/** On a static pod: the hash of its manifest. */
export const configHashAnnotation = "kubernetes.io/config.hash";
export const configSeenAnnotation = "kubernetes.io/config.seen";

export function podUid(pod: Pod): string {
  return pod.metadata?.uid ?? "";
}

export function podFullName(pod: Pod): string {
  return `${pod.metadata?.namespace ?? ""}/${pod.metadata?.name ?? ""}`;
}

export function isStaticPod(pod: Pod): boolean {
  const source = pod.metadata?.annotations?.[configSourceAnnotation];
  return source !== undefined && source !== "api";
}

/** Name and image alone, as upstream's hash: other fields cannot change, or do not need a new container. */
export function containerHash(container: Pick<Container, "name" | "image">): string {
  return createHash("sha1").update(`${container.name}\0${container.image}`).digest("hex").slice(0, 8);
}

function podLabels(pod: Pod): Record<string, string> {
  return {
    [labelKeys.podName]: pod.metadata?.name ?? "",
    [labelKeys.podNamespace]: pod.metadata?.namespace ?? "",
    [labelKeys.podUid]: podUid(pod),
  };
}

export function sandboxLabels(pod: Pod): Record<string, string> {
  return { ...pod.metadata?.labels, ...podLabels(pod) };
}

export function containerLabels(pod: Pod, container: Container): Record<string, string> {
  return { ...podLabels(pod), [labelKeys.containerName]: container.name };
}

export function containerAnnotations(pod: Pod, container: Container, restartCount: number): Record<string, string> {
  const annotations: Record<string, string> = {
    [annotationKeys.hash]: containerHash(container),
    [annotationKeys.restartCount]: String(restartCount),
    [annotationKeys.terminationMessagePath]: container.terminationMessagePath ?? "",
    [annotationKeys.terminationMessagePolicy]: container.terminationMessagePolicy ?? "",
  };
  const { deletionGracePeriodSeconds } = pod.metadata ?? {};
  if (deletionGracePeriodSeconds !== undefined) {
    annotations[annotationKeys.podDeletionGracePeriod] = String(deletionGracePeriodSeconds);
  }
  const grace = pod.spec?.terminationGracePeriodSeconds;
  if (grace !== undefined) annotations[annotationKeys.podTerminationGracePeriod] = String(grace);
  const preStop = container.lifecycle?.preStop;
  if (preStop !== undefined) annotations[annotationKeys.preStopHandler] = JSON.stringify(preStop);
  if ((container.ports ?? []).length > 0) annotations[annotationKeys.ports] = JSON.stringify(container.ports);
  return annotations;
}
