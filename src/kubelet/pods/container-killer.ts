/**
 * Stops containers: preStop hook, stop signal, and SIGKILL when the grace period is over. Sidecars stop after the
 * regular containers, the last declared first.
 */
import { allContainers } from "../../kinds/core/pod/all-containers.ts";
import { isSidecar } from "../../kinds/core/pod/container-aggregation.ts";
import type { Container, Pod, Probe } from "../../kinds/generated/core-v1.ts";
import type { Clock } from "../../lib/clock.ts";
import { RuntimeError } from "../cri/connection.ts";
import type { RuntimeService } from "../cri/runtime-service.ts";
import type { KillReason } from "./actions.ts";
import { runHook } from "./lifecycle-hooks.ts";
import type { RecordPodEvent } from "./pod-events.ts";
import type { RuntimeContainer, RuntimePod } from "./runtime-status.ts";

const minimumGraceSeconds = 2;

export interface KillInput {
  readonly pod: Pod;
  readonly container: Container;
  readonly status: RuntimeContainer;
  readonly message: string;
  readonly reason: KillReason;
  readonly podIP: string;
  /** Seconds, instead of what the pod says. */
  readonly grace?: number | undefined;
  /** Resolves when this container may be stopped. */
  readonly turn?: Promise<void> | undefined;
  /** A shorter grace period came: stop waiting. */
  readonly signal?: AbortSignal | undefined;
}

export interface ContainerKiller {
  /** Resolves when the container has stopped. */
  kill(input: KillInput): Promise<void>;
  /** Stops everything that runs in the pod; throws the first failure after all were tried. */
  killAll(pod: Pod, runtimePod: RuntimePod, grace?: number, signal?: AbortSignal): Promise<void>;
}

export interface KillerDependencies {
  readonly runtime: RuntimeService;
  readonly clock: Clock;
  readonly event: RecordPodEvent;
}

export function createContainerKiller({ runtime, clock, event }: KillerDependencies): ContainerKiller {
  const kill = async (input: KillInput): Promise<void> => {
    const { pod, container, status, message, signal } = input;
    event(pod, "Normal", "Killing", message || `Stopping container ${container.name}`, container);
    const started = clock.now();
    // The runtime counts it in nanoseconds of 64 bits.
    const total = Math.min(Number(input.grace ?? gracePeriod(input)), longestGraceSeconds);
    const left = (): number => total - Math.trunc((clock.now() - started) / 1000);
    const preStop = container.lifecycle?.preStop;
    if (preStop !== undefined && total > 0 && status.state === "running") {
      const hook = runHook(runtime, clock, {
        ...input,
        handler: preStop,
        containerId: status.id,
      });
      const failed = hook.catch(() => event(pod, "Warning", "FailedPreStopHook", "PreStopHook failed", container));
      await withinGrace(failed, total * 1000, signal);
    }
    if (input.turn !== undefined && left() > 0) await withinGrace(input.turn, left() * 1000, signal);
    try {
      await runtime.stopContainer(status.id, Math.max(left(), minimumGraceSeconds), signal);
    } catch (error) {
      if (!(error instanceof RuntimeError) || !error.notFound) throw error;
    }
  };
  const withinGrace = async (work: Promise<void>, ms: number, signal?: AbortSignal): Promise<void> => {
    const expired = new AbortController();
    const cancel = (): void => expired.abort();
    signal?.addEventListener("abort", cancel, { once: true });
    const timeout = clock.sleep(ms, expired.signal).catch(() => undefined);
    await Promise.race([work, timeout]);
    expired.abort();
    signal?.removeEventListener("abort", cancel);
    signal?.throwIfAborted();
  };
  return {
    kill,
    async killAll(pod, runtimePod, grace, signal) {
      const running = runtimePod.containers.filter(({ state }) => state === "running" || state === "unknown");
      const order = terminationOrder(pod, running);
      const specs = new Map(allContainers(pod.spec).map((container) => [container.name, container]));
      const results = await Promise.allSettled(
        running.map(async (status) => {
          const container = specs.get(status.name) ?? { name: status.name };
          const podIP = runtimePod.ips[0] ?? "";
          try {
            await kill({
              pod,
              container,
              status,
              message: "",
              reason: "",
              podIP,
              grace,
              signal,
              turn: order.turn(status.name),
            });
          } finally {
            order.done(status.name);
          }
        }),
      );
      signal?.throwIfAborted();
      const failure = results.find((result) => result.status === "rejected");
      if (failure !== undefined) throw failure.reason;
    },
  };
}

const longestGraceSeconds = 9_000_000_000;

function gracePeriod({ pod, container, reason }: KillInput): number {
  const { deletionGracePeriodSeconds } = pod.metadata ?? {};
  if (deletionGracePeriodSeconds !== undefined) return deletionGracePeriodSeconds;
  const grace = pod.spec?.terminationGracePeriodSeconds;
  if (grace === undefined) return minimumGraceSeconds;
  const probes: Partial<Record<KillReason, Probe | undefined>> = {
    StartupProbe: container.startupProbe,
    LivenessProbe: container.livenessProbe,
  };
  return probes[reason]?.terminationGracePeriodSeconds ?? grace;
}

interface TerminationOrder {
  turn(name: string): Promise<void> | undefined;
  done(name: string): void;
}

/** A sidecar waits for all regular containers and for the sidecars declared after it. */
function terminationOrder(pod: Pod, running: readonly RuntimeContainer[]): TerminationOrder {
  const sidecars = (pod.spec?.initContainers ?? []).filter(isSidecar).map(({ name }) => name);
  if (sidecars.length === 0) return { turn: () => undefined, done: () => undefined };
  const stopped = new Map(running.map(({ name }) => [name, Promise.withResolvers<void>()]));
  const regular = (pod.spec?.containers ?? []).map(({ name }) => name);
  return {
    turn(name) {
      const index = sidecars.indexOf(name);
      if (index < 0) return undefined;
      const before = [...regular, ...sidecars.slice(index + 1)];
      return Promise.all(before.map((other) => stopped.get(other)?.promise)).then(() => undefined);
    },
    done: (name) => stopped.get(name)?.resolve(),
  };
}
