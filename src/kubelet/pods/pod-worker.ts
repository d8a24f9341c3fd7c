/**
 * The life of one pod on the node: syncing, terminating, terminated, finished. One step at a time; what happens in
 * between only marks that another step is due, so that nothing is lost and nothing is done twice.
 */
import { isDeepStrictEqual } from "node:util";
import type { Pod, PodStatus } from "../../kinds/generated/core-v1.ts";
import type { Clock } from "../../lib/clock.ts";
import { errorChain, type Logger } from "../../lib/log.ts";
import type { Cgroups } from "../resources/cgroups.ts";
import type { VolumeManager } from "../volumes/volume-manager.ts";
import { podUid } from "./labels.ts";
import type { PodSyncer } from "./pod-syncer.ts";
import { emptyRuntimePod, type RuntimePod, type RuntimePodReader } from "./runtime-status.ts";
import type { StatusManager } from "./status-manager.ts";

/** Why the kubelet ends a pod itself. */
export interface Verdict {
  readonly reason: string;
  readonly message: string;
  /** The pod did nothing wrong: what looks after it must not count this as a failure of its own. */
  readonly disruption?: boolean;
  /** The pod was not taken in: nothing of it ever was here. */
  readonly refused?: boolean;
}

export interface WorkerDependencies {
  readonly reader: RuntimePodReader;
  readonly syncer: PodSyncer;
  readonly volumes: VolumeManager;
  readonly cgroups: Cgroups;
  readonly statuses: StatusManager;
  readonly clock: Clock;
  readonly log: Logger;
  status(input: { pod: Pod; runtimePod: RuntimePod; terminal: boolean; verdict: Verdict | undefined }): PodStatus;
  /** Undefined: the pod may run on this node. Asked once, before anything is started. */
  admit(pod: Pod): Verdict | undefined;
  /** Starts, changes and ends the probes of the pod. */
  probe(pod: Pod, runtimePod: RuntimePod, state: "running" | "terminating" | "stopped"): void;
  event(pod: Pod, type: "Normal" | "Warning", reason: string, message: string): void;
  /** Removes dead containers that nobody will ask for any more. */
  prune(runtimePod: RuntimePod): Promise<void>;
  /** The pod is done with, and everything of it but its dead containers is gone. */
  finished(uid: string): void;
}

type State = "syncing" | "terminating" | "terminated" | "finished";

export class PodWorker {
  readonly #deps: WorkerDependencies;
  #pod: Pod;
  #state: State = "syncing";
  #verdict: Verdict | undefined;
  #grace: number | undefined;
  #admitted: boolean;
  #due = false;
  /** The runtime told of a change since it was last asked, at `#readAt` (milliseconds since the epoch). */
  #changed = false;
  #readAt = 0;
  #running = false;
  #killing = false;
  #failures = 0;
  #cancelTimer: () => void = () => undefined;
  #cancelDeadline: () => void = () => undefined;
  #termination = new AbortController();
  #lastRuntime: RuntimePod;

  /** `known`: the pod had been running here before the kubelet started. */
  constructor(pod: Pod, dependencies: WorkerDependencies, known: boolean) {
    this.#deps = dependencies;
    this.#pod = pod;
    this.#admitted = known;
    this.#lastRuntime = emptyRuntimePod(podUid(pod), pod.metadata?.name ?? "", pod.metadata?.namespace ?? "");
    this.#noteDeletion();
  }

  get pod(): Pod {
    return this.#pod;
  }

  get state(): State {
    return this.#state;
  }

  /** What the runtime said at the last step. */
  get runtimePod(): RuntimePod {
    return this.#lastRuntime;
  }

  update(pod: Pod): void {
    const { pod: before, state } = this;
    this.#pod = pod;
    this.#noteDeletion();
    if (this.#state === "finished") this.#deps.statuses.finish(pod);
    else if (this.#state !== state || isOtherWork(before, pod)) this.trigger();
  }

  /**
   * Something may have changed; `time`: in the runtime, then. Of what the worker did itself it is told as well, mostly
   * after it has asked the runtime again: then there is nothing to do.
   */
  trigger(time?: number): void {
    if (time === undefined) this.#due = true;
    else if (time >= this.#readAt) this.#changed = true;
    else return;
    // The step waits for containers that end as slowly as they may; that they are not ready any more is told meanwhile.
    if (this.#killing) this.#publish(this.#lastRuntime, false);
    if (!this.#running && this.#state !== "finished") void this.#run();
  }

  /** Ends the pod; `grace` in seconds, undefined: its own. A shorter period than before takes its place at once. */
  terminate(grace?: number, verdict?: Verdict): void {
    this.#verdict ??= verdict;
    const shorter = grace !== undefined && (this.#grace === undefined || grace < this.#grace);
    if (shorter) this.#grace = grace;
    if (this.#state === "syncing") this.#state = "terminating";
    else if (shorter) {
      this.#termination.abort();
      this.#termination = new AbortController();
    }
    this.trigger();
  }

  stop(): void {
    this.#state = "finished";
    this.#cancelTimer();
    this.#cancelDeadline();
  }

  #noteDeletion(): void {
    const { deletionTimestamp, deletionGracePeriodSeconds } = this.#pod.metadata ?? {};
    if (deletionTimestamp !== undefined) this.terminate(deletionGracePeriodSeconds);
    const phase = this.#pod.status?.phase;
    if ((phase === "Succeeded" || phase === "Failed") && this.#state === "syncing") this.#state = "terminating";
  }

  async #run(): Promise<void> {
    this.#running = true;
    // Lets updates of the same turn be taken in one step.
    await Promise.resolve();
    while ((this.#due || this.#changed) && this.#state !== "finished") {
      this.#due = false;
      this.#cancelTimer();
      try {
        await this.#step();
        this.#failures = 0;
      } catch (error) {
        this.#fail(error);
      }
    }
    this.#running = false;
  }

  #fail(error: unknown): void {
    // A shorter grace period interrupted the step: go on with it.
    if ((error as Error).name === "AbortError") {
      this.#due = true;
      return;
    }
    this.#deps.log.warn("pod sync failed", { pod: this.#pod.metadata?.name, error: errorChain(error) });
    this.#wakeAfter(Math.min(500 * 2 ** this.#failures++, 60_000));
  }

  #wakeAfter(ms: number): void {
    this.#cancelTimer();
    this.#cancelTimer = this.#deps.clock.schedule(ms, () => this.trigger());
  }

  async #read(): Promise<RuntimePod> {
    const { name = "", namespace = "" } = this.#pod.metadata ?? {};
    this.#changed = false;
    this.#readAt = this.#deps.clock.now();
    this.#lastRuntime = await this.#deps.reader.read(podUid(this.#pod), name, namespace);
    return this.#lastRuntime;
  }

  #publish(runtimePod: RuntimePod, terminal: boolean): PodStatus {
    const pod = this.#pod;
    const status = this.#deps.status({ pod, runtimePod, terminal, verdict: this.#verdict });
    this.#deps.statuses.set(pod, status);
    return status;
  }

  async #step(): Promise<void> {
    const runtimePod = await this.#read();
    if (this.#state === "syncing") await this.#sync(runtimePod);
    else if (this.#state === "terminating") await this.#terminate(runtimePod);
    if (this.#state === "terminated") await this.#cleanUp();
  }

  async #sync(runtimePod: RuntimePod): Promise<void> {
    const { syncer, volumes, probe } = this.#deps;
    const pod = this.#pod;
    if (!this.#admitted) {
      const verdict = this.#deps.admit(pod);
      if (verdict !== undefined) {
        this.#deps.event(pod, "Warning", verdict.reason, verdict.message);
        this.terminate(undefined, { ...verdict, message: `Pod was rejected: ${verdict.message}`, refused: true });
        this.#publish(runtimePod, false);
        return;
      }
      this.#admitted = true;
    }
    probe(pod, runtimePod, "running");
    const status = this.#publish(runtimePod, false);
    if (status.phase === "Succeeded" || status.phase === "Failed") {
      this.terminate();
      return;
    }
    if (this.#checkDeadline(status)) return;
    const { changed, retryAfterMs } = await syncer.sync(pod, runtimePod);
    if (changed) {
      const now = await this.#read();
      probe(this.#pod, now, "running");
      this.#publish(now, false);
      await this.#deps.prune(now);
    }
    const refresh = volumes.refreshAfter(pod);
    const next = Math.min(retryAfterMs ?? Number.POSITIVE_INFINITY, refresh ?? Number.POSITIVE_INFINITY);
    if (Number.isFinite(next)) this.#wakeAfter(next);
  }

  /** True when the pod has run longer than its active deadline, and is ended now. */
  #checkDeadline({ startTime }: PodStatus): boolean {
    const seconds = this.#pod.spec?.activeDeadlineSeconds;
    this.#cancelDeadline();
    const start = startTime ?? this.#deps.statuses.get(podUid(this.#pod))?.startTime;
    if (seconds === undefined || start === undefined) return false;
    const left = Date.parse(start) + seconds * 1000 - this.#deps.clock.now();
    if (left > 0) {
      this.#cancelDeadline = this.#deps.clock.schedule(left, () => this.trigger());
      return false;
    }
    const message = "Pod was active on the node longer than the specified deadline";
    this.#deps.event(this.#pod, "Normal", "DeadlineExceeded", message);
    this.terminate(undefined, { reason: "DeadlineExceeded", message });
    return true;
  }

  async #terminate(runtimePod: RuntimePod): Promise<void> {
    const { syncer, probe } = this.#deps;
    this.#cancelDeadline();
    this.#publish(runtimePod, false);
    probe(this.#pod, runtimePod, "terminating");
    this.#killing = true;
    try {
      await syncer.kill(this.#pod, runtimePod, this.#grace, this.#termination.signal);
    } catch (error) {
      if ((error as Error).name !== "AbortError") {
        this.#deps.event(this.#pod, "Warning", "FailedKillPod", `error killing pod: ${(error as Error).message}`);
      }
      throw error;
    } finally {
      this.#killing = false;
    }
    const stopped = await this.#read();
    const running = stopped.containers.filter(({ state }) => state === "running");
    if (running.length > 0) throw new Error(`containers still run: ${running.map(({ name }) => name).join(", ")}`);
    probe(this.#pod, stopped, "stopped");
    this.#publish(stopped, true);
    this.#state = "terminated";
  }

  async #cleanUp(): Promise<void> {
    const { volumes, cgroups, statuses, syncer } = this.#deps;
    const uid = podUid(this.#pod);
    await volumes.unmount(uid);
    if (!(await cgroups.remove(uid))) throw new Error(`control group of pod ${uid} is still in use`);
    syncer.forget(uid);
    statuses.finish(this.#pod);
    this.#state = "finished";
    this.#deps.finished(uid);
  }
}

/** Whether there may be something to do: most updates only bring back the status that the kubelet wrote itself. */
function isOtherWork(before: Pod, now: Pod): boolean {
  const { generation, labels, annotations, deletionTimestamp, deletionGracePeriodSeconds } = now.metadata ?? {};
  const old = before.metadata ?? {};
  return (
    generation === undefined ||
    generation !== old.generation ||
    deletionTimestamp !== old.deletionTimestamp ||
    deletionGracePeriodSeconds !== old.deletionGracePeriodSeconds ||
    !isDeepStrictEqual(labels, old.labels) ||
    !isDeepStrictEqual(annotations, old.annotations) ||
    // Readiness gates are conditions that others set.
    (now.spec?.readinessGates !== undefined && !isDeepStrictEqual(now.status?.conditions, before.status?.conditions))
  );
}
