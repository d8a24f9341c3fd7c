/** One look at one autoscaler: reads the target's scale and its metrics, writes scale and status, tells what it did. */
import { objectPath } from "../../client/paths.ts";
import { horizontalPodAutoscalers, pods } from "../../client/resources.ts";
import type {
  HorizontalPodAutoscaler,
  HorizontalPodAutoscalerCondition,
  MetricSpec,
  MetricStatus,
} from "../../kinds/generated/autoscaling-v2.ts";
import { formatTime } from "../../lib/clock.ts";
import { isConflict } from "../../machinery/errors/status-error.ts";
import { type KubernetesObject, parseApiVersion } from "../../machinery/meta/object.ts";
import { type LabelSelector, parseLabelSelector } from "../../machinery/selectors/label-selector.ts";
import { sameStatus } from "../framework/canonical-json.ts";
import { metaOf } from "../framework/controller-reference.ts";
import type { ControllerContext } from "../framework/define-controller.ts";
import { messageOf } from "../framework/failures.ts";
import { rememberChange, type ScaleMemory, settle } from "./behaviour.ts";
import { MetricError, type Proposal, propose, type Target } from "./metrics.ts";
import { tolerancesOf } from "./replica-count.ts";
import { findResource } from "./scale-target.ts";

interface Scale extends KubernetesObject {
  readonly spec?: { readonly replicas?: number };
  readonly status?: { readonly replicas?: number; readonly selector?: string };
}

/** Keys of the autoscalers that look at pods with such labels, and which selector this one uses. */
type Sharers = (selector: LabelSelector, labels: readonly Readonly<Record<string, string>>[]) => readonly string[];

interface Outcome {
  readonly current: number;
  readonly desired?: number;
  /** None for a metric that could not be had; undefined where no metrics were asked for. */
  readonly metrics?: readonly (MetricStatus | undefined)[] | undefined;
  readonly rescaled?: boolean;
}

const conflictRetries = 5;

export class Pass {
  readonly #autoscaler: HorizontalPodAutoscaler;
  readonly #memory: ScaleMemory;
  readonly #context: ControllerContext;
  readonly #sharers: Sharers;
  #conditions: HorizontalPodAutoscalerCondition[];

  constructor(autoscaler: HorizontalPodAutoscaler, memory: ScaleMemory, context: ControllerContext, sharers: Sharers) {
    this.#autoscaler = autoscaler;
    this.#memory = memory;
    this.#context = context;
    this.#sharers = sharers;
    this.#conditions = [...(autoscaler.status?.conditions ?? [])];
  }

  /** Failures end in the status and in events; rejects only where the status cannot be written. */
  async run(): Promise<void> {
    const target = await this.#getScale();
    if (target === undefined) return this.#write();
    const { path, scale } = target;
    const current = scale.spec?.replicas ?? 0;
    const { recommendations } = this.#memory;
    if (recommendations.length === 0) recommendations.push({ at: this.#context.clock.now(), replicas: current });
    const { minReplicas = 1, maxReplicas = 1 } = this.#autoscaler.spec ?? {};
    if (current === 0) {
      const message = "scaling is disabled since the replica count of the target is zero";
      this.#set("ScalingActive", "False", "ScalingDisabled", message);
      return this.#write({ current, desired: current });
    }
    if (current > maxReplicas) {
      const cause = "Current number of replicas above Spec.MaxReplicas";
      return this.#rescale(path, scale, { from: current, to: maxReplicas, cause });
    }
    if (current < minReplicas) {
      const cause = "Current number of replicas below Spec.MinReplicas";
      return this.#rescale(path, scale, { from: current, to: minReplicas, cause });
    }
    const { best, metrics } = await this.#propose(scale, current);
    if (best === undefined) return this.#write({ current, metrics });
    const desired = this.#settle(best.replicas, current);
    const cause = best.replicas > current ? `${best.name} above target` : "All metrics below target";
    if (desired === current) return this.#write({ current, desired, metrics });
    return this.#rescale(path, scale, { from: current, to: desired, cause }, metrics);
  }

  #set(type: string, status: "True" | "False", reason: string, message: string): void {
    const old = this.#conditions.find((condition) => condition.type === type);
    const lastTransitionTime = old?.status === status ? old.lastTransitionTime : formatTime(this.#context.clock.now());
    const next = { type, status, reason, message, lastTransitionTime };
    this.#conditions =
      old === undefined ? [...this.#conditions, next] : this.#conditions.map((one) => (one === old ? next : one));
  }

  #warn(reason: string, message: string): void {
    this.#context.recorder.event(this.#autoscaler, "Warning", reason, message);
  }

  async #getScale(): Promise<{ path: string; scale: Scale } | undefined> {
    const { client } = this.#context;
    const { apiVersion = "v1", kind = "", name = "" } = this.#autoscaler.spec?.scaleTargetRef ?? {};
    try {
      const resource = await findResource(client, { group: parseApiVersion(apiVersion).group, kind });
      const path = objectPath(resource, name, metaOf(this.#autoscaler).namespace, "scale");
      const scale = await client.request<Scale>("GET", path);
      const message = "the HPA controller was able to get the target's current scale";
      this.#set("AbleToScale", "True", "SucceededGetScale", message);
      return { path, scale };
    } catch (error) {
      const message = `the HPA controller was unable to get the target's current scale: ${messageOf(error)}`;
      this.#set("AbleToScale", "False", "FailedGetScale", message);
      this.#warn("FailedGetScale", messageOf(error));
      return undefined;
    }
  }

  /** `best` undefined: nothing can be said, and why not was told. */
  async #propose(
    scale: Scale,
    currentReplicas: number,
  ): Promise<{ best?: Proposal; metrics?: (MetricStatus | undefined)[] }> {
    const target = this.#target(scale, currentReplicas);
    if (target === undefined) return {};
    const specs = this.#autoscaler.spec?.metrics ?? defaultMetrics;
    const proposals: (Proposal | undefined)[] = [];
    const failures: MetricError[] = [];
    for (const metric of specs) {
      try {
        proposals.push(await propose(metric, target, this.#context.client));
      } catch (error) {
        if (!(error instanceof MetricError)) throw error;
        this.#warn(error.reason, error.message);
        failures.push(error);
        proposals.push(undefined);
      }
    }
    const known = proposals.filter((one) => one !== undefined);
    const metrics = proposals.map((one) => one?.status);
    const best = known.reduce<Proposal | undefined>((a, b) => (a && a.replicas >= b.replicas ? a : b), undefined);
    const [failure] = failures;
    if (failure !== undefined && (best === undefined || best.replicas < currentReplicas)) {
      const message = `the HPA was unable to compute the replica count: ${failure.message}`;
      this.#set("ScalingActive", "False", failure.reason, message);
      const count = `${failures.length} invalid out of ${specs.length}`;
      this.#warn("FailedComputeMetricsReplicas", `invalid metrics (${count}), first error is: ${failure.summary}`);
      return { metrics };
    }
    if (best === undefined) return { metrics };
    const message = `the HPA was able to successfully calculate a replica count from ${best.name}`;
    this.#set("ScalingActive", "True", "ValidMetricFound", message);
    return { best, metrics };
  }

  /** The pods that count; undefined where that is not clear, which was told. */
  #target(scale: Scale, currentReplicas: number): Target | undefined {
    const { namespace } = metaOf(this.#autoscaler);
    const selector = scale.status?.selector ?? "";
    const refuse = (reason: string, message: string, event = reason, told = message): undefined => {
      this.#warn(event, told);
      this.#set("ScalingActive", "False", reason, message);
      this.#warn("FailedComputeMetricsReplicas", told);
    };
    if (selector === "") {
      const message = "the HPA target's scale is missing a selector";
      return refuse("InvalidSelector", message, "SelectorRequired", "selector is required");
    }
    let matcher: LabelSelector;
    try {
      matcher = parseLabelSelector(selector);
    } catch (error) {
      const message = `couldn't convert selector into a corresponding internal selector object: ${messageOf(error)}`;
      return refuse("InvalidSelector", message);
    }
    const selected = this.#context
      .lister(pods)
      .list(namespace)
      .filter((pod) => matcher.matches(pod.metadata?.labels ?? {}));
    const sharers = this.#sharers(
      matcher,
      selected.map((pod) => pod.metadata?.labels ?? {}),
    );
    if (sharers.length > 1) {
      const list = sharers.map((key) => `{${key.split("/").reverse().join(" ")}}`).join(" ");
      return refuse("AmbiguousSelector", `pods by selector ${selector} are controlled by multiple HPAs: [${list}]`);
    }
    const statusReplicas = scale.status?.replicas ?? 0;
    const tolerances = tolerancesOf(this.#autoscaler);
    const now = this.#context.clock.now();
    return { namespace, selector, pods: selected, currentReplicas, statusReplicas, tolerances, now };
  }

  #settle(wanted: number, current: number): number {
    const now = this.#context.clock.now();
    const { replicas, steadied, limited } = settle(this.#autoscaler, wanted, current, this.#memory, now);
    this.#set("AbleToScale", "True", steadied.reason, steadied.message);
    this.#set("ScalingLimited", limited.holds ? "True" : "False", limited.reason, limited.message);
    return replicas;
  }

  async #rescale(
    path: string,
    scale: Scale,
    { from, to, cause }: { from: number; to: number; cause: string },
    metrics?: Outcome["metrics"],
  ): Promise<void> {
    try {
      await this.#putScale(path, scale, to);
    } catch (error) {
      const message = `the HPA controller was unable to update the target scale: ${messageOf(error)}`;
      this.#set("AbleToScale", "False", "FailedUpdateScale", message);
      this.#warn("FailedRescale", `New size: ${to}; reason: ${cause}; error: ${messageOf(error)}`);
      return this.#write({ current: from, metrics });
    }
    const message = `the HPA controller was able to update the target scale to ${to}`;
    this.#set("AbleToScale", "True", "SucceededRescale", message);
    this.#context.recorder.event(this.#autoscaler, "Normal", "SuccessfulRescale", `New size: ${to}; reason: ${cause}`);
    rememberChange(this.#memory, this.#context.clock.now(), to - from);
    return this.#write({ current: from, desired: to, metrics, rescaled: true });
  }

  /** The target's own controller writes it too: on a conflict the newest scale is taken. */
  async #putScale(path: string, scale: Scale, replicas: number): Promise<void> {
    const { client } = this.#context;
    for (let [newest, attempt] = [scale, 1]; ; attempt++) {
      try {
        await client.request("PUT", path, { ...newest, spec: { ...newest.spec, replicas } });
        return;
      } catch (error) {
        if (!isConflict(error) || attempt === conflictRetries) throw error;
        newest = await client.request<Scale>("GET", path);
      }
    }
  }

  /** Without an outcome, only conditions change. */
  async #write(outcome?: Outcome): Promise<void> {
    const { status: old } = this.#autoscaler;
    const conditions = this.#conditions;
    const status = outcome === undefined ? { ...old, conditions } : this.#status(outcome);
    if (sameStatus(old, status)) return;
    const { desiredReplicas = 0 } = status;
    await this.#context.client
      .of(horizontalPodAutoscalers)
      .updateStatus({ ...this.#autoscaler, status: { ...status, desiredReplicas } });
  }

  #status({ current, desired, metrics, rescaled = false }: Outcome): NonNullable<HorizontalPodAutoscaler["status"]> {
    const { status: old } = this.#autoscaler;
    const lastScaleTime = rescaled ? formatTime(this.#context.clock.now()) : old?.lastScaleTime;
    return {
      currentReplicas: current,
      desiredReplicas: desired ?? old?.desiredReplicas ?? 0,
      ...(lastScaleTime === undefined ? {} : { lastScaleTime }),
      ...(metrics === undefined ? {} : { currentMetrics: metrics.map((one) => one ?? { type: "" }) }),
      conditions: this.#conditions,
    };
  }
}

/** What defaulting puts into objects that name no metric. */
const defaultMetrics: readonly MetricSpec[] = [
  { type: "Resource", resource: { name: "cpu", target: { type: "Utilization", averageUtilization: 80 } } },
];
