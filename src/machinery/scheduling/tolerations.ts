/** Taints and tolerations, as component-helpers' scheduling/corev1 matches them. Shared by scheduler, controllers and kubelet. */

export interface TaintLike {
  readonly key: string;
  readonly value?: string | undefined;
  readonly effect: string;
}

export interface TolerationLike {
  readonly key?: string | undefined;
  readonly operator?: string | undefined;
  readonly value?: string | undefined;
  readonly effect?: string | undefined;
  readonly tolerationSeconds?: number | undefined;
}

/** An empty effect or key of the toleration matches every one. */
export function tolerates(toleration: TolerationLike, taint: TaintLike): boolean {
  if (toleration.effect && toleration.effect !== taint.effect) return false;
  if (toleration.key && toleration.key !== taint.key) return false;
  if (toleration.operator === "Exists") return true;
  return (toleration.operator || "Equal") === "Equal" && (toleration.value ?? "") === (taint.value ?? "");
}

export function isTolerated(taint: TaintLike, tolerations: readonly TolerationLike[] | undefined): boolean {
  return (tolerations ?? []).some((toleration) => tolerates(toleration, taint));
}

/** The first taint of one of `effects` that nothing tolerates. */
export function findUntolerated<T extends TaintLike>(
  taints: readonly T[] | undefined,
  tolerations: readonly TolerationLike[] | undefined,
  effects: readonly string[],
): T | undefined {
  return taints?.find((taint) => effects.includes(taint.effect) && !isTolerated(taint, tolerations));
}

/** Effects that keep a new pod from a node. */
export const schedulingEffects = ["NoSchedule", "NoExecute"];
