/**
 * HorizontalPodAutoscalers: size a workload by the use of CPU and memory. Fed by autoscalers, pods and the metrics API;
 * feeds the scale subresource of the target. Looks every 15 seconds, and only while autoscalers exist.
 */

import { splitKey } from "../../client/object-cache.ts";
import { objectPath } from "../../client/paths.ts";
import {
  deployments,
  horizontalPodAutoscalers,
  pods,
  replicaSets,
  replicationControllers,
  statefulSets,
} from "../../client/resources.ts";
import type {
  HorizontalPodAutoscaler,
  HorizontalPodAutoscalerCondition,
  MetricSpec,
} from "../../kinds/generated/autoscaling-v2.ts";
import { formatTime } from "../../lib/clock.ts";
import type { KubernetesObject } from "../../machinery/meta/object.ts";
import { parseLabelSelector } from "../../machinery/selectors/label-selector.ts";
import { sameStatus } from "../framework/canonical-json.ts";
import { metaOf } from "../framework/controller-reference.ts";
import { type Controller, type ControllerContext, defineController, watch } from "../framework/define-controller.ts";
import { messageOf } from "../framework/failures.ts";
import { isPodActive } from "../framework/pods.ts";
import { type ScaleMemory, settle } from "./behaviour.ts";
import { MetricError, type Proposal, propose } from "./metrics.ts";

/** Upstream's horizontal-pod-autoscaler-sync-period. */
const periodMs = 15_000;
const scalable = [deployments, replicaSets, statefulSets, replicationControllers] as const;
const defaultMetrics: MetricSpec[] = [
  { type: "Resource", resource: { name: "cpu", target: { type: "Utilization", averageUtilization: 80 } } },
];

interface Scale extends KubernetesObject {
  readonly spec?: { readonly replicas?: number };
  readonly status?: { readonly replicas: number; readonly selector?: string };
}

export function createHorizontalPodAutoscalerController(): Controller {
  const memories = new Map<string, ScaleMemory & { lookedAt: number }>();
  return defineController({
    name: "horizontal-pod-autoscaler",
    component: "horizontal-pod-autoscaler",
    primary: horizontalPodAutoscalers,
    watches: [watch(pods, () => [])],
    async reconcile(key, context) {
      const { namespace, name } = splitKey(key);
      const autoscaler = context.lister(horizontalPodAutoscalers).get(name, namespace);
      if (autoscaler === undefined) return void memories.delete(key);
      const memory = memories.get(key) ?? { recommendations: [], events: [], lookedAt: 0 };
      memories.set(key, memory);
      // Our own status writes come back as events: they must not make the rhythm faster.
      const early = memory.lookedAt + periodMs - context.clock.now();
      const observed = autoscaler.status?.observedGeneration === autoscaler.metadata?.generation;
      if (early > 0 && observed) return context.enqueue(key, early);
      memory.lookedAt = context.clock.now();
      context.enqueue(key, periodMs);
      await new Pass(autoscaler, memory, context).run();
    },
  });
}

class Pass {
  readonly #autoscaler: HorizontalPodAutoscaler;
  readonly #memory: ScaleMemory;
  readonly #context: ControllerContext;
  #conditions: HorizontalPodAutoscalerCondition[];

  constructor(autoscaler: HorizontalPodAutoscaler, memory: ScaleMemory, context: ControllerContext) {
    this.#autoscaler = autoscaler;
    this.#memory = memory;
    this.#context = context;
    this.#conditions = [...(autoscaler.status?.conditions ?? [])];
  }

  async run(): Promise<void> {
    const path = this.#scalePath();
    const scale = await this.#getScale(path);
    if (scale === undefined) return this.#write({});
    const current = scale.spec?.replicas ?? 0;
    const { minReplicas = 1, maxReplicas = 1 } = this.#autoscaler.spec ?? {};
    let desired = current;
    let proposals: Proposal[] = [];
    let cause = "";
    if (current === 0 && minReplicas !== 0) {
      this.#set(
        "ScalingActive",
        "False",
        "ScalingDisabled",
        "scaling is disabled since the replica count of the target is zero",
      );
    } else if (current > maxReplicas || current < minReplicas) {
      desired = Math.min(maxReplicas, Math.max(minReplicas, current));
      cause =
        current > maxReplicas
          ? "Current number of replicas above Spec.MaxReplicas"
          : "Current number of replicas below Spec.MinReplicas";
    } else {
      proposals = await this.#propose(scale, current);
      const best = proposals.reduce<Proposal | undefined>(
        (a, b) => (a === undefined || b.replicas > a.replicas ? b : a),
        undefined,
      );
      if (best !== undefined) {
        desired = this.#settle(best.replicas, current);
        cause = desired > current ? `${best.name} above target` : "All metrics below target";
      }
    }
    if (desired !== current && path !== undefined)
      await this.#rescale(path, scale, { from: current, to: desired, cause });
    await this.#write({ current, desired, proposals, rescaled: desired !== current });
  }

  #set(type: string, status: "True" | "False", reason: string, message: string): void {
    const old = this.#conditions.find((condition) => condition.type === type);
    const lastTransitionTime = old?.status === status ? old.lastTransitionTime : formatTime(this.#context.clock.now());
    const next = { type, status, reason, message, lastTransitionTime };
    this.#conditions =
      old === undefined ? [...this.#conditions, next] : this.#conditions.map((one) => (one === old ? next : one));
  }

  #scalePath(): string | undefined {
    const { kind, name } = this.#autoscaler.spec?.scaleTargetRef ?? { kind: "", name: "" };
    const resource = scalable.find((one) => one.kind === kind);
    return resource && objectPath(resource, name, metaOf(this.#autoscaler).namespace, "scale");
  }

  async #getScale(path: string | undefined): Promise<Scale | undefined> {
    try {
      if (path === undefined) throw new Error(`no matches for kind ${this.#autoscaler.spec?.scaleTargetRef.kind}`);
      const scale = await this.#context.client.request<Scale>("GET", path);
      this.#set(
        "AbleToScale",
        "True",
        "SucceededGetScale",
        "the HPA controller was able to get the target's current scale",
      );
      return scale;
    } catch (error) {
      const message = `the HPA controller was unable to get the target's current scale: ${messageOf(error)}`;
      this.#set("AbleToScale", "False", "FailedGetScale", message);
      this.#context.recorder.event(this.#autoscaler, "Warning", "FailedGetScale", messageOf(error));
      return undefined;
    }
  }

  async #propose(scale: Scale, currentReplicas: number): Promise<Proposal[]> {
    const { namespace } = metaOf(this.#autoscaler);
    const selector = scale.status?.selector ?? "";
    if (selector === "") {
      this.#set("ScalingActive", "False", "InvalidSelector", "the HPA target's scale is missing a selector");
      return [];
    }
    const matcher = parseLabelSelector(selector);
    const selected = this.#context
      .lister(pods)
      .list(namespace)
      .filter((pod) => isPodActive(pod) && matcher.matches(pod.metadata?.labels ?? {}));
    const target = { namespace, selector, pods: selected, currentReplicas };
    const proposals: Proposal[] = [];
    let failure: MetricError | undefined;
    for (const metric of this.#autoscaler.spec?.metrics ?? defaultMetrics) {
      try {
        proposals.push(await propose(metric, target, this.#context));
      } catch (error) {
        if (!(error instanceof MetricError)) throw error;
        failure ??= error;
      }
    }
    const growing = proposals.some(({ replicas }) => replicas > currentReplicas);
    if (failure !== undefined && !growing) {
      const message = `the HPA was unable to compute the replica count: ${failure.message}`;
      this.#set("ScalingActive", "False", failure.reason, message);
      this.#context.recorder.event(this.#autoscaler, "Warning", failure.reason, failure.message);
      return [];
    }
    const found = proposals.map(({ name }) => name).join(", ");
    this.#set(
      "ScalingActive",
      "True",
      "ValidMetricFound",
      `the HPA was able to successfully calculate a replica count from ${found}`,
    );
    return proposals;
  }

  #settle(wanted: number, current: number): number {
    const { replicas, limited, stabilized } = settle(
      this.#autoscaler,
      wanted,
      current,
      this.#memory,
      this.#context.clock.now(),
    );
    if (stabilized && wanted < current) {
      this.#set(
        "AbleToScale",
        "True",
        "ScaleDownStabilized",
        "recent recommendations were higher than current one, applying the highest recent recommendation",
      );
    } else this.#set("AbleToScale", "True", "ReadyForNewScale", "recommended size matches current size");
    const messages: Record<string, string> = {
      TooManyReplicas: "the desired replica count is more than the maximum replica count",
      TooFewReplicas: "the desired replica count is less than the minimum replica count",
      ScaleUpLimit: "the desired replica count is increasing faster than the maximum scale rate",
      ScaleDownLimit: "the desired replica count is decreasing faster than the maximum scale rate",
    };
    if (limited === undefined)
      this.#set("ScalingLimited", "False", "DesiredWithinRange", "the desired count is within the acceptable range");
    else this.#set("ScalingLimited", "True", limited, messages[limited] ?? "");
    return replicas;
  }

  async #rescale(
    path: string,
    scale: Scale,
    { from, to, cause }: { from: number; to: number; cause: string },
  ): Promise<void> {
    try {
      await this.#context.client.request("PUT", path, { ...scale, spec: { ...scale.spec, replicas: to } });
    } catch (error) {
      this.#set(
        "AbleToScale",
        "False",
        "FailedUpdateScale",
        `the HPA controller was unable to update the target scale: ${messageOf(error)}`,
      );
      this.#context.recorder.event(
        this.#autoscaler,
        "Warning",
        "FailedRescale",
        `New size: ${to}; reason: ${cause}; error: ${messageOf(error)}`,
      );
      throw error;
    }
    this.#set(
      "AbleToScale",
      "True",
      "SucceededRescale",
      `the HPA controller was able to update the target scale to ${to}`,
    );
    this.#context.recorder.event(this.#autoscaler, "Normal", "SuccessfulRescale", `New size: ${to}; reason: ${cause}`);
    this.#memory.events.push({ at: this.#context.clock.now(), change: to - from });
  }

  async #write(result: {
    current?: number;
    desired?: number;
    proposals?: readonly Proposal[];
    rescaled?: boolean;
  }): Promise<void> {
    const { status: old } = this.#autoscaler;
    const metrics = (result.proposals ?? []).map(({ status }) => status);
    const status = {
      ...old,
      observedGeneration: this.#autoscaler.metadata?.generation,
      currentReplicas: result.current ?? old?.currentReplicas,
      desiredReplicas: result.desired ?? old?.desiredReplicas ?? 0,
      currentMetrics: metrics.length === 0 ? old?.currentMetrics : metrics,
      ...(result.rescaled ? { lastScaleTime: formatTime(this.#context.clock.now()) } : {}),
      conditions: this.#conditions,
    };
    if (sameStatus(old, status)) return;
    await this.#context.client.of(horizontalPodAutoscalers).updateStatus({ ...this.#autoscaler, status });
  }
}
