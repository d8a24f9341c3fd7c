/**
 * Writes pod statuses to the API server: one patch at a time for a pod, the newest status wins, nothing is written
 * that the server has already. When a pod's worker is done with it, removes the pod.
 */
import { isDeepStrictEqual } from "node:util";
import { pods } from "../../client/resources.ts";
import type { Client } from "../../client/types.ts";
import type { Pod, PodCondition, PodStatus } from "../../kinds/generated/core-v1.ts";
import { type Clock, formatTime } from "../../lib/clock.ts";
import { errorChain, type Logger } from "../../lib/log.ts";
import { StatusError } from "../../machinery/errors/status-error.ts";
import { isKubeletCondition } from "./conditions.ts";
import { isStaticPod, podFullName, podUid } from "./labels.ts";
import type { MirrorPods } from "./mirror-pods.ts";

export interface StatusManager {
  /** The status last set, which may not have reached the server. */
  get(uid: string): PodStatus | undefined;
  /** Fills start and transition times, and writes in the background. */
  set(pod: Pod, status: PodStatus): void;
  /** The pod has stopped for good: once its last status is written, it is removed from the API if it is being deleted. */
  finish(pod: Pod): void;
  forget(uid: string): void;
  /** The server shows the pod like this: writes again what someone else has changed of the kubelet's own. */
  observe(pod: Pod): void;
  /** The mirror of that static pod was removed by someone: write everything anew. */
  mirrorLost(pod: Pod): void;
}

interface Entry {
  pod: Pod;
  status: PodStatus;
  /** What the server has, as far as known. */
  written: PodStatus;
  /** resourceVersion of the last write. */
  revision: number;
  writing: boolean;
  finished: boolean;
}

export function createStatusManager(client: Client, mirrors: MirrorPods, clock: Clock, log: Logger): StatusManager {
  const entries = new Map<string, Entry>();
  const resource = client.of(pods);

  /** Answers the status that is written now; the entry's may be a newer one. */
  const write = async (uid: string, entry: Entry): Promise<PodStatus> => {
    const { name = "", namespace = "" } = entry.pod.metadata ?? {};
    const status = entry.status;
    if (isStaticPod(entry.pod)) return writeMirror(entry, status);
    const changes = statusPatch(entry.written, status);
    if (Object.keys(changes).length > 0) {
      const patch = { metadata: { uid }, status: changes };
      const answer = await resource.patch(name, patch, { type: "strategic", namespace, subresource: "status" });
      entry.written = status;
      entry.revision = Number(answer.metadata?.resourceVersion ?? 0);
    }
    if (!entry.finished || entry.status !== status) return status;
    if (entry.pod.metadata?.deletionTimestamp !== undefined) {
      await resource.delete(name, { namespace, gracePeriodSeconds: 0, preconditions: { uid } });
    }
    return status;
  };

  const writeMirror = async (entry: Entry, status: PodStatus): Promise<PodStatus> => {
    const mirror = await mirrors.ensure(entry.pod);
    const { name = "", namespace = "", uid } = mirror.metadata ?? {};
    const changes = statusPatch(mirror.status ?? {}, status);
    if (Object.keys(changes).length > 0) {
      const patch = { metadata: { uid }, status: changes };
      await resource.patch(name, patch, { type: "strategic", namespace, subresource: "status" });
    }
    entry.written = status;
    return status;
  };

  const run = async (uid: string, entry: Entry): Promise<void> => {
    entry.writing = true;
    for (let delay = 100; entries.get(uid) === entry; ) {
      try {
        const written = await write(uid, entry);
        // Compared here, in the turn that ends the writing: a status set since starts no writing of its own.
        if (entry.status === written) break;
      } catch (error) {
        // Removed, or replaced by another pod of the same name.
        if (error instanceof StatusError && (error.code === 404 || error.code === 409) && !isStaticPod(entry.pod))
          break;
        log.warn("cannot write pod status", { pod: entry.pod.metadata?.name, error: errorChain(error).slice(-300) });
        await clock.sleep(delay);
        delay = Math.min(delay * 2, 10_000);
      }
    }
    entry.writing = false;
  };

  const start = (uid: string, entry: Entry): void => {
    if (!entry.writing) void run(uid, entry);
  };

  return {
    get: (uid) => entries.get(uid)?.status,
    set(pod, status) {
      const uid = podUid(pod);
      const known = entries.get(uid);
      const previous = known?.status ?? pod.status ?? {};
      const complete = withTimes(status, previous, pod, clock.now());
      if (known !== undefined && isDeepStrictEqual(known.status, complete)) {
        known.pod = pod;
        return;
      }
      const entry = known ?? {
        pod,
        status: complete,
        written: pod.status ?? {},
        revision: 0,
        writing: false,
        finished: false,
      };
      entry.pod = pod;
      entry.status = complete;
      entries.set(uid, entry);
      start(uid, entry);
    },
    finish(pod) {
      const uid = podUid(pod);
      const entry = entries.get(uid) ?? {
        pod,
        status: pod.status ?? {},
        written: pod.status ?? {},
        revision: 0,
        writing: false,
        finished: false,
      };
      entry.pod = pod;
      entry.finished = true;
      // A copy, so that a write under way sees that there is more to do.
      entry.status = { ...entry.status };
      entries.set(uid, entry);
      start(uid, entry);
    },
    forget(uid) {
      const entry = entries.get(uid);
      entries.delete(uid);
      if (entry === undefined || !isStaticPod(entry.pod)) return;
      mirrors.remove(entry.pod).catch((error) => log.warn("cannot remove a mirror pod", { error: errorChain(error) }));
    },
    observe(pod) {
      const uid = podUid(pod);
      const entry = entries.get(uid);
      if (entry === undefined || entry.writing || entry.finished) return;
      if (Number(pod.metadata?.resourceVersion ?? 0) <= entry.revision) return;
      if (!differs(pod.status ?? {}, entry.status)) return;
      entry.written = pod.status ?? {};
      start(uid, entry);
    },
    mirrorLost(pod) {
      for (const [uid, entry] of entries) {
        if (isStaticPod(entry.pod) && podFullName(entry.pod) === podFullName(pod)) start(uid, entry);
      }
    },
  };
}

/** Whether the phase or a condition of the kubelet's is not what it says. */
function differs(shown: PodStatus, own: PodStatus): boolean {
  // Others may end a pod; its worker takes that up.
  if (shown.phase === "Failed" || shown.phase === "Succeeded") return false;
  if (shown.phase !== own.phase) return true;
  const statuses = new Map((shown.conditions ?? []).map(({ type, status }) => [type, status]));
  return (own.conditions ?? []).some(({ type, status }) => isKubeletCondition(type) && statuses.get(type) !== status);
}

function withTimes(status: PodStatus, previous: PodStatus, pod: Pod, now: number): PodStatus {
  const time = formatTime(now);
  const before = new Map((previous.conditions ?? []).map((condition) => [condition.type, condition]));
  const conditions = (status.conditions ?? []).map((condition): PodCondition => {
    const old = before.get(condition.type);
    const lastTransitionTime =
      condition.lastTransitionTime ?? (old?.status === condition.status ? (old.lastTransitionTime ?? time) : time);
    return { ...condition, lastTransitionTime };
  });
  return { ...status, conditions, startTime: previous.startTime ?? pod.status?.startTime ?? time };
}

/** Lists that a strategic patch would merge although the kubelet means to replace them. */
const replaced = new Set(["podIPs", "hostIPs"]);

/** Fields that the kubelet never clears, because others own them. */
const foreign = new Set(["nominatedNodeName", "resize", "resourceClaimStatuses", "conditions"]);

/** The strategic patch of `status` that turns `from` into `to`. Conditions of others are left alone. */
export function statusPatch(from: PodStatus, to: PodStatus): Record<string, unknown> {
  const patch: Record<string, unknown> = {};
  for (const [key, value] of Object.entries(to)) {
    const old = from[key as keyof PodStatus];
    if (value === undefined || isDeepStrictEqual(old, value)) continue;
    if (key === "conditions") patch[key] = changedConditions(from.conditions ?? [], to.conditions ?? []);
    else if (replaced.has(key) && Array.isArray(old) && old.length > 0) {
      patch[key] = [{ $patch: "replace" }, ...(value as unknown[])];
    } else patch[key] = value;
  }
  for (const key of Object.keys(from)) {
    if (to[key as keyof PodStatus] === undefined && !foreign.has(key)) patch[key] = null;
  }
  if (Array.isArray(patch["conditions"]) && patch["conditions"].length === 0) delete patch["conditions"];
  return patch;
}

function changedConditions(from: readonly PodCondition[], to: readonly PodCondition[]): unknown[] {
  const before = new Map(from.map((condition) => [condition.type, condition]));
  const over = from.filter(({ type }) => isKubeletCondition(type) && !to.some((condition) => condition.type === type));
  const removals = over.map(({ type }) => ({ $patch: "delete", type }));
  const changes = to.flatMap((condition) => {
    const old = before.get(condition.type);
    if (isDeepStrictEqual(old, condition)) return [];
    const gone = Object.keys(old ?? {}).filter((key) => !Object.hasOwn(condition, key));
    return [{ ...condition, ...Object.fromEntries(gone.map((key) => [key, null])) }];
  });
  return [...removals, ...changes];
}
