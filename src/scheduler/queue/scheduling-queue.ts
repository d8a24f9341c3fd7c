/**
 * Pods that wait for a node: active ones in the order of priority and age, those backing off after a failure, and those
 * that nothing but an event in the cluster can help. Fed by informers and failed cycles, read by the scheduling loop.
 */
import type { Clock } from "../../lib/clock.ts";
import type { PodInfo } from "../cache/pod-info.ts";
import type { ClusterEvent } from "../framework/types.ts";
import { Heap } from "./heap.ts";

const initialBackOffMs = 1_000;
const maximumBackOffMs = 10_000;
/** A pod that no event has helped is tried again nevertheless; how long it waits, and how often that is looked at. */
const maximumWaitMs = 300_000;
const flushEveryMs = 30_000;

export interface QueuedPod {
  info: PodInfo;
  readonly addedAt: number;
  attempts: number;
  /** Plugins that rejected it last; empty after an error, which any event may mend. */
  plugins: ReadonlySet<string>;
  place: "active" | "backoff" | "unschedulable" | "cycle" | "gone";
  readyAt: number;
  failedAt: number;
}

export interface SchedulingQueue {
  add(info: PodInfo): void;
  /** The pod changed: a waiting one may fit now. */
  update(info: PodInfo): void;
  remove(uid: string): void;
  /** The next pod to try; undefined where none is active. It stays known until `done` or `failed`. */
  pop(): QueuedPod | undefined;
  /** It was placed. */
  done(queued: QueuedPod): void;
  /** It was not: waits for events that concern `plugins`; with none, for its back-off. */
  failed(queued: QueuedPod, plugins: ReadonlySet<string>): void;
  /** Something happened: moves the pods that it may help. */
  move(event: ClusterEvent): void;
  has(uid: string): boolean;
  readonly active: number;
}

export interface SchedulingQueueOptions {
  readonly clock: Clock;
  /** Plugins that keep a pod out altogether. */
  readonly gate: (info: PodInfo) => boolean;
  /** Whether an event may help a pod that this plugin rejected. */
  readonly concerns: (plugin: string, event: ClusterEvent) => boolean;
  /** Called when a pod became active. */
  readonly onActive: () => void;
}

export function createSchedulingQueue({ clock, gate, concerns, onActive }: SchedulingQueueOptions): SchedulingQueue {
  const known = new Map<string, QueuedPod>();
  const waiting = new Set<QueuedPod>();
  const gated = new Set<QueuedPod>();
  const activeHeap = new Heap<QueuedPod>(
    (a, b) => a.info.priority > b.info.priority || (a.info.priority === b.info.priority && a.addedAt < b.addedAt),
  );
  const backOffHeap = new Heap<QueuedPod>((a, b) => a.readyAt < b.readyAt);
  let cancelTimer: (() => void) | undefined;
  let timerAt = Number.POSITIVE_INFINITY;
  /** Events while pods are in a cycle or being bound: those pods might have missed what helps them. */
  let eventsSeen = 0;
  const eventsAtPop = new WeakMap<QueuedPod, number>();

  function setTimer(): void {
    const nextFlush = waiting.size > 0 ? clock.now() + flushEveryMs : Number.POSITIVE_INFINITY;
    const at = Math.min(backOffHeap.peek()?.readyAt ?? Number.POSITIVE_INFINITY, nextFlush);
    if (at >= timerAt) return;
    cancelTimer?.();
    timerAt = at;
    cancelTimer = clock.schedule(Math.max(0, at - clock.now()), () => {
      timerAt = Number.POSITIVE_INFINITY;
      cancelTimer = undefined;
      flush();
    });
  }
  function flush(): void {
    const now = clock.now();
    for (let next = backOffHeap.peek(); next !== undefined && next.readyAt <= now; next = backOffHeap.peek()) {
      backOffHeap.pop();
      if (next.place === "backoff") activate(next);
    }
    for (const queued of waiting) if (queued.failedAt + maximumWaitMs <= now) requeue(queued);
    setTimer();
  }
  function activate(queued: QueuedPod): void {
    waiting.delete(queued);
    gated.delete(queued);
    queued.place = "active";
    activeHeap.push(queued);
    onActive();
  }
  function requeue(queued: QueuedPod): void {
    const backOff = Math.min(maximumBackOffMs, initialBackOffMs * 2 ** (queued.attempts - 1));
    const readyAt = queued.failedAt + backOff;
    if (queued.attempts === 0 || readyAt <= clock.now()) {
      activate(queued);
      return;
    }
    waiting.delete(queued);
    queued.place = "backoff";
    queued.readyAt = readyAt;
    backOffHeap.push(queued);
    setTimer();
  }
  function wait(queued: QueuedPod): void {
    queued.place = "unschedulable";
    if (gate(queued.info)) gated.add(queued);
    else waiting.add(queued);
    setTimer();
  }
  return {
    add(info) {
      if (known.has(info.uid)) return;
      const now = clock.now();
      const queued: QueuedPod = {
        info,
        addedAt: now,
        attempts: 0,
        plugins: new Set(),
        place: "gone",
        readyAt: 0,
        failedAt: now,
      };
      known.set(info.uid, queued);
      if (gate(info)) wait(queued);
      else activate(queued);
    },
    update(info) {
      const queued = known.get(info.uid);
      if (queued === undefined) return this.add(info);
      const changed = affectsScheduling(queued.info, info);
      queued.info = info;
      if (queued.place === "unschedulable" && changed && !gate(info)) requeue(queued);
    },
    remove(uid) {
      const queued = known.get(uid);
      if (queued === undefined) return;
      queued.place = "gone";
      waiting.delete(queued);
      gated.delete(queued);
      known.delete(uid);
    },
    pop() {
      for (let next = activeHeap.pop(); next !== undefined; next = activeHeap.pop()) {
        if (next.place !== "active") continue;
        next.place = "cycle";
        next.attempts++;
        eventsAtPop.set(next, eventsSeen);
        return next;
      }
      return undefined;
    },
    done(queued) {
      queued.place = "gone";
      if (known.get(queued.info.uid) === queued) known.delete(queued.info.uid);
    },
    failed(queued, plugins) {
      if (queued.place !== "cycle" || known.get(queued.info.uid) !== queued) return;
      queued.plugins = plugins;
      queued.failedAt = clock.now();
      if (plugins.size === 0 || eventsAtPop.get(queued) !== eventsSeen) requeue(queued);
      else wait(queued);
    },
    move(event) {
      eventsSeen++;
      for (const queued of waiting) {
        for (const plugin of queued.plugins) {
          if (!concerns(plugin, event)) continue;
          requeue(queued);
          break;
        }
      }
    },
    has: (uid) => known.has(uid),
    get active() {
      return activeHeap.size;
    },
  };
}

/** Status changes, our own condition among them, do not help a pod; spec and labels may. */
function affectsScheduling(old: PodInfo, next: PodInfo): boolean {
  const part = ({ pod }: PodInfo): string => JSON.stringify([pod.spec, pod.metadata?.labels]);
  return part(old) !== part(next);
}
