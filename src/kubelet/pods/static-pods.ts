/**
 * Static pods: manifests in a folder of the node, run without the API server. Each is named after the node, and its uid
 * is the hash of its manifest, so that a changed manifest is another pod.
 */
import { createHash } from "node:crypto";
import { watch } from "node:fs";
import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import type { Pod } from "../../kinds/generated/core-v1.ts";
import { type Clock, formatTime } from "../../lib/clock.ts";
import { errorChain, type Logger } from "../../lib/log.ts";
import { configHashAnnotation, configSeenAnnotation, configSourceAnnotation, podUid } from "./labels.ts";

export interface StaticPodInput {
  /** /etc/kubernetes/manifests; need not exist. */
  readonly folder: string;
  readonly nodeName: string;
  readonly clock: Clock;
  readonly log: Logger;
  readonly signal: AbortSignal;
  added(pod: Pod): void;
  removed(pod: Pod): void;
}

/** How often the folder is looked at when nothing says that it changed. */
const checkMs = 20_000;

/** Resolves when the folder was read once, and goes on until the signal aborts. */
export function followStaticPods(input: StaticPodInput): Promise<void> {
  return new Promise((resolve) => {
    void follow(input, resolve);
  });
}

async function follow(input: StaticPodInput, readOnce: () => void): Promise<void> {
  const { folder, clock, signal } = input;
  let known = new Map<string, Pod>();
  while (!signal.aborted) {
    const woken = new AbortController();
    const watcher = watchFolder(folder, () => woken.abort());
    const found = await readFolder(input, known);
    for (const [uid, pod] of known) if (!found.has(uid)) input.removed(pod);
    for (const [uid, pod] of found) if (!known.has(uid)) input.added(pod);
    known = found;
    readOnce();
    await clock.sleep(checkMs, AbortSignal.any([signal, woken.signal])).catch(() => undefined);
    watcher?.close();
  }
}

function watchFolder(folder: string, changed: () => void): { close(): void } | undefined {
  try {
    const watcher = watch(folder, changed);
    watcher.on("error", changed);
    return watcher;
  } catch {
    // The folder is not there: it is looked for again at the next check.
    return undefined;
  }
}

async function readFolder(input: StaticPodInput, known: ReadonlyMap<string, Pod>): Promise<Map<string, Pod>> {
  const { folder, log } = input;
  const names = await readdir(folder).catch(() => []);
  const found = new Map<string, Pod>();
  for (const name of names.filter((file) => /\.(ya?ml|json)$/.test(file) && !file.startsWith("."))) {
    try {
      const pod = await readManifest(await readFile(join(folder, name), "utf8"), name, input);
      const uid = podUid(pod);
      found.set(uid, known.get(uid) ?? pod);
    } catch (error) {
      log.warn("cannot read static pod manifest", { name, error: errorChain(error) });
    }
  }
  return found;
}

async function readManifest(text: string, file: string, { nodeName, clock }: StaticPodInput): Promise<Pod> {
  const [{ parse }, { applyPodDefaults }] = await Promise.all([
    import("yaml"),
    import("../../kinds/core/pod/defaults.ts"),
  ]);
  const pod = parse(text) as Pod | null;
  if (pod?.kind !== "Pod" || pod.spec === undefined) throw new Error("the manifest is no Pod");
  const hash = createHash("md5").update(`${nodeName}\0${file}\0${text}`).digest("hex");
  const name = pod.metadata?.name ?? "";
  if (name === "") throw new Error("metadata.name is missing");
  pod.metadata = {
    ...pod.metadata,
    name: `${name}-${nodeName}`,
    namespace: pod.metadata?.namespace ?? "default",
    uid: pod.metadata?.uid ?? hash,
    annotations: {
      ...pod.metadata?.annotations,
      [configHashAnnotation]: hash,
      [configSeenAnnotation]: formatTime(clock.now()),
      [configSourceAnnotation]: "file",
    },
  };
  pod.spec.nodeName = nodeName;
  pod.spec.tolerations = [...(pod.spec.tolerations ?? []), { operator: "Exists", effect: "NoExecute" }];
  applyPodDefaults(pod);
  pod.status = { phase: "Pending" };
  return pod;
}
