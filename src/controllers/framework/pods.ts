import { podCondition } from "../../kinds/core/pod/pod-state.ts";
import type { Pod } from "../../kinds/generated/core-v1.ts";
import type { ControllerContext } from "./define-controller.ts";

/** Milliseconds until a ready pod has been so for `minReadySeconds`; 0 when it has; undefined when not ready. */
export function millisecondsUntilAvailable(pod: Pod, minReadySeconds: number, now: number): number | undefined {
  const ready = podCondition(pod, "Ready");
  if (ready?.status !== "True") return undefined;
  if (minReadySeconds === 0) return 0;
  if (!ready.lastTransitionTime) return minReadySeconds * 1000;
  return Math.max(0, Date.parse(ready.lastTransitionTime) + minReadySeconds * 1000 - now);
}

/** Ready, and so for `minReadySeconds`; `now` in milliseconds. */
export function isPodAvailable(pod: Pod, minReadySeconds: number, now: number): boolean {
  return millisecondsUntilAvailable(pod, minReadySeconds, now) === 0;
}

/** A pod becomes available by time alone: reconciles `key` again when the next of `pods` does. */
export function scheduleAvailability(
  context: ControllerContext,
  key: string,
  pods: readonly Pod[],
  minReadySeconds: number,
): void {
  if (minReadySeconds === 0) return;
  const now = context.clock.now();
  const waits = pods
    .map((pod) => millisecondsUntilAvailable(pod, minReadySeconds, now) ?? 0)
    .filter((wait) => wait > 0);
  if (waits.length > 0) context.enqueue(key, Math.min(...waits));
}
