import type { Pod } from "../../generated/core-v1.ts";

/** Marks the API server's copy of a static pod; the value is the hash of the manifest. */
export const mirrorPodAnnotation = "kubernetes.io/config.mirror";

export const isMirrorPod = ({ metadata }: Pod): boolean => metadata?.annotations?.[mirrorPodAnnotation] !== undefined;
