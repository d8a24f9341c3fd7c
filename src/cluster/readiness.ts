/** What `mini start --wait` waits for, each asked over the API as a user would. */
import { systemClock } from "../lib/clock.ts";
import { type ApiServer, connectApiServer } from "./api-server.ts";
import { findControlPlaneFault } from "./control-plane-fault.ts";
import { MiniError } from "./errors.ts";
import type { Profile } from "./profile.ts";

export const waitComponents = [
  "apiserver",
  "system_pods",
  "default_sa",
  "apps_running",
  "node_ready",
  "kubelet",
  "extra",
] as const;
export type WaitComponent = (typeof waitComponents)[number];

export const defaultWait: readonly WaitComponent[] = ["apiserver", "system_pods", "default_sa", "node_ready"];

/** `all`, `none` (also `true`, `false`), or names with commas. Throws MK_USAGE. */
export function parseWait(value: string): readonly WaitComponent[] {
  if (value === "all" || value === "true") return waitComponents;
  if (value === "none" || value === "false") return [];
  return value.split(",").map((name) => {
    const found = waitComponents.find((component) => component === name.trim());
    if (found !== undefined) return found;
    const message = `--wait: "${name}" is none of ${waitComponents.join(", ")}, all, none`;
    throw new MiniError("MK_USAGE", message);
  });
}

interface Conditions {
  readonly metadata?: { readonly name?: string };
  readonly status?: { readonly phase?: string; readonly conditions?: readonly Condition[] };
}
interface Condition {
  readonly type: string;
  readonly status: string;
  readonly lastHeartbeatTime?: string;
}
interface List {
  readonly items: readonly Conditions[];
}

/** Answers what is still missing, undefined when nothing is. */
type Probe = (api: ApiServer, cluster: Cluster, signal: AbortSignal) => Promise<string | undefined>;

interface Cluster {
  readonly profile: Profile;
  /** When its machines were booted, if they were just now. */
  readonly bootedAt: number | undefined;
}

const probes: Record<WaitComponent, Probe> = {
  apiserver: async (api, _cluster, signal) => {
    const { status } = await api.get("/readyz", { signal });
    return status === 200 ? undefined : `the API server answers ${status} at /readyz`;
  },
  kubelet: (api, cluster, signal) => nodesReady(api, cluster, signal),
  node_ready: (api, cluster, signal) => nodesReady(api, cluster, signal),
  default_sa: async (api, _cluster, signal) => {
    const found = await api.object("/api/v1/namespaces/default/serviceaccounts/default", signal);
    return found === undefined ? "the service account default/default does not exist yet" : undefined;
  },
  system_pods: (api, _cluster, signal) => podsReady(api, signal),
  extra: (api, _cluster, signal) => podsReady(api, signal),
  apps_running: async (api, _cluster, signal) => {
    const found = await api.object<List>("/apis/apps/v1/namespaces/kube-system/deployments", signal);
    return unready("deployment", found, (item) => hasCondition(item, "Available"));
  },
};

async function nodesReady(
  api: ApiServer,
  { profile, bootedAt }: Cluster,
  signal: AbortSignal,
): Promise<string | undefined> {
  const found = await api.object<List>("/api/v1/nodes", signal);
  const names = new Set(found?.items.map((item) => item.metadata?.name));
  const missing = profile.nodes.find((node) => !names.has(node.name));
  if (missing !== undefined) return `node ${missing.name} has not registered`;
  // A node that was ready when it was stopped still says so until its kubelet has spoken again.
  const fresh = ({ status }: Conditions): boolean => {
    const heartbeat = status?.conditions?.find(({ type }) => type === "Ready")?.lastHeartbeatTime;
    return bootedAt === undefined || Date.parse(heartbeat ?? "") + heartbeatPrecisionMs > bootedAt;
  };
  return unready("node", found, (item) => hasCondition(item, "Ready") && fresh(item));
}

async function podsReady(api: ApiServer, signal: AbortSignal): Promise<string | undefined> {
  const found = await api.object<List>("/api/v1/namespaces/kube-system/pods", signal);
  return unready("pod", found, (item) => item.status?.phase === "Succeeded" || hasCondition(item, "Ready"));
}

function unready(kind: string, list: List | undefined, ready: (item: Conditions) => boolean): string | undefined {
  if (list === undefined) return `${kind}s cannot be listed yet`;
  const found = list.items.find((item) => !ready(item));
  return found === undefined ? undefined : `${kind} ${found.metadata?.name ?? ""} is not ready`;
}

function hasCondition(item: Conditions, type: string): boolean {
  return item.status?.conditions?.some((condition) => condition.type === type && condition.status === "True") ?? false;
}

export interface WaitOptions {
  readonly components: readonly WaitComponent[];
  readonly timeoutMs: number;
  /** When the machines were booted, in milliseconds since the epoch; undefined when they ran already. */
  readonly bootedAt?: number | undefined;
  readonly signal: AbortSignal;
}

const pollMs = 100;
/** So long without an answer, and the node is asked whether there will be one. */
const patienceMs = 4000;
/** Times in the API are whole seconds, cut off. */
const heartbeatPrecisionMs = 1000;

/**
 * Waits for each in turn. Throws K8S_APISERVER_MISSING or K8S_WAIT_TIMEOUT with what was still missing, or the signal's
 * reason.
 */
export async function waitFor(
  profile: Profile,
  { components, timeoutMs, bootedAt, signal }: WaitOptions,
): Promise<void> {
  const deadline = systemClock.now() + timeoutMs;
  let askNodeAt = systemClock.now() + patienceMs;
  using api = await connectApiServer(profile);
  for (const component of components) {
    for (;;) {
      const missing = await probe(api, { profile, bootedAt }, component, signal);
      if (missing === undefined) break;
      if (component === "apiserver" && systemClock.now() > askNodeAt) {
        const fault = await findControlPlaneFault(profile);
        if (fault !== undefined) throw fault;
        askNodeAt = systemClock.now() + patienceMs;
      }
      if (systemClock.now() > deadline) {
        const id = component === "apiserver" ? "K8S_APISERVER_MISSING" : "K8S_WAIT_TIMEOUT";
        throw new MiniError(id, `after ${Math.round(timeoutMs / 1000)} s, ${missing} (waiting for ${component})`);
      }
      await systemClock.sleep(pollMs, signal);
    }
  }
}

async function probe(
  api: ApiServer,
  cluster: Cluster,
  component: WaitComponent,
  signal: AbortSignal,
): Promise<string | undefined> {
  try {
    return await probes[component](api, cluster, signal);
  } catch (error) {
    signal.throwIfAborted();
    return `the API server cannot be reached (${error instanceof Error ? error.message : String(error)})`;
  }
}
