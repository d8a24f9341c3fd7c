/**
 * Tells which pods changed in the runtime. Runtimes that stream container events (containerd 1.7) are listened to, with
 * a rare relist for what a stream may lose; others are listed every second, comparing states.
 */
import type { Clock } from "../../lib/clock.ts";
import { errorChain, type Logger } from "../../lib/log.ts";
import { RuntimeError } from "../cri/connection.ts";
import type { RuntimeService } from "../cri/runtime-service.ts";
import { labelKeys } from "./labels.ts";

const relistWithEventsMs = 60_000;
const relistMs = 1000;
const reconnectMs = 1000;

export interface LifecycleEvents {
  /** Whether the last answer of the runtime was one; says why not. */
  healthy(): string | undefined;
}

export interface LifecycleEventsInput {
  readonly runtime: RuntimeService;
  readonly clock: Clock;
  readonly log: Logger;
  readonly signal: AbortSignal;
  /** Called with the uid of each pod that changed, and when it did (milliseconds since the epoch) if the runtime says so. */
  changed(uid: string, time?: number): void;
  /** Nothing runs: there is no need to look. */
  idle(): boolean;
}

export function watchLifecycle(input: LifecycleEventsInput): LifecycleEvents {
  const { runtime, clock, log, signal, changed } = input;
  let streaming = false;
  let fault: string | undefined;
  let before = new Map<string, string>();

  const listen = async (): Promise<void> => {
    while (!signal.aborted) {
      try {
        const events = runtime.containerEvents(signal);
        streaming = true;
        for await (const event of events) {
          const { podSandboxStatus, containersStatuses, createdAt = 0 } = event;
          const uid =
            podSandboxStatus?.metadata?.uid || containersStatuses?.[0]?.labels?.[labelKeys.podUid] || undefined;
          if (uid === undefined) void relist();
          else changed(uid, createdAt > 0 ? createdAt / 1e6 : undefined);
        }
      } catch (error) {
        streaming = false;
        if (signal.aborted) return;
        if (error instanceof RuntimeError && error.unimplemented) return;
        log.warn("container event stream ended", { error: errorChain(error) });
      }
      streaming = false;
      await clock.sleep(reconnectMs, signal).catch(() => undefined);
      void relist();
    }
  };

  const relist = async (): Promise<void> => {
    try {
      const [sandboxes, containers] = await Promise.all([runtime.listPodSandboxes(), runtime.listContainers()]);
      fault = undefined;
      const now = new Map<string, string>();
      const add = (uid: string | undefined, state: string): void => {
        if (uid !== undefined) now.set(uid, `${now.get(uid) ?? ""};${state}`);
      };
      const byId = (a: { id?: string | undefined }, b: { id?: string | undefined }): number =>
        (a.id ?? "") < (b.id ?? "") ? -1 : 1;
      for (const { labels, id, state } of sandboxes.sort(byId)) add(labels?.[labelKeys.podUid], `${id}=${state}`);
      for (const { labels, id, state } of containers.sort(byId)) add(labels?.[labelKeys.podUid], `${id}=${state}`);
      const old = before;
      before = now;
      for (const uid of new Set([...old.keys(), ...now.keys()])) if (old.get(uid) !== now.get(uid)) changed(uid);
    } catch (error) {
      fault = errorChain(error);
    }
  };

  const poll = async (): Promise<void> => {
    // The first pause is short: by its end it is known whether the runtime has a stream of events.
    for (let pause = relistMs; ; pause = streaming ? relistWithEventsMs : relistMs) {
      await clock.sleep(pause, signal).catch(() => undefined);
      if (signal.aborted) return;
      if (streaming || !input.idle()) await relist();
    }
  };

  void listen();
  void poll();
  return { healthy: () => fault };
}
