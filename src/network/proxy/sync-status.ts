/**
 * How the proxy's synchronisations go: fed by the proxy, read by its health and metrics servers. As upstream's, the
 * proxy is healthy unless a change has waited for longer than a minute.
 */
import type { Node } from "../../kinds/generated/core-v1.ts";
import type { Clock } from "../../lib/clock.ts";

/** Upstream's: twice the sync period of 30 seconds. */
const healthTimeoutMs = 60_000;
/** Seconds: upstream's ExponentialBuckets(0.001, 2, 15). */
const durationBuckets = Array.from({ length: 15 }, (_, index) => 0.001 * 2 ** index);
/** What Cluster Autoscaler taints a node with before it takes it away. */
const toBeDeletedTaint = "ToBeDeletedByClusterAutoscaler";

export interface SyncHealth {
  readonly healthy: boolean;
  /** RFC 3339. */
  readonly lastUpdated: string;
  readonly currentTime: string;
}

export interface SyncStatus {
  /** A change waits for a synchronisation. */
  queued(): void;
  /** Runs one synchronisation and counts it; throws what it throws. */
  run(sync: () => Promise<void>): Promise<void>;
  countAnswer(endpoint: "healthz" | "livez", code: number): void;
  health(): SyncHealth;
  /** Prometheus' text form, with upstream's names. */
  renderMetrics(): string;
}

export function createSyncStatus(clock: Clock): SyncStatus {
  let oldestQueued: number | undefined;
  let lastQueued = clock.now();
  let lastSynced = clock.now();
  let failures = 0;
  const durations: number[] = durationBuckets.map(() => 0);
  const total = { count: 0, seconds: 0 };
  const answers = new Map<string, number>();

  const observe = (seconds: number): void => {
    total.count += 1;
    total.seconds += seconds;
    for (const [index, limit] of durationBuckets.entries()) {
      if (seconds <= limit) durations[index] = (durations[index] ?? 0) + 1;
    }
  };

  return {
    queued() {
      lastQueued = clock.now();
      oldestQueued ??= lastQueued;
    },
    async run(sync) {
      const began = clock.now();
      const waited = oldestQueued;
      oldestQueued = undefined;
      try {
        await sync();
        lastSynced = clock.now();
      } catch (error) {
        failures += 1;
        oldestQueued = waited ?? oldestQueued ?? began;
        throw error;
      } finally {
        observe((clock.now() - began) / 1000);
      }
    },
    countAnswer(endpoint, code) {
      const key = `kubeproxy_proxy_${endpoint}_total{code="${code}"}`;
      answers.set(key, (answers.get(key) ?? 0) + 1);
    },
    health: () => ({
      healthy: oldestQueued === undefined || clock.now() - oldestQueued < healthTimeoutMs,
      lastUpdated: new Date(lastSynced).toISOString(),
      currentTime: new Date(clock.now()).toISOString(),
    }),
    renderMetrics() {
      const name = "kubeproxy_sync_proxy_rules";
      const family = `ip_family="IPv4"`;
      const lines = [
        `# TYPE ${name}_duration_seconds histogram`,
        ...durationBuckets.map(
          (le, index) => `${name}_duration_seconds_bucket{${family},le="${le}"} ${durations[index]}`,
        ),
        `${name}_duration_seconds_bucket{${family},le="+Inf"} ${total.count}`,
        `${name}_duration_seconds_sum{${family}} ${total.seconds}`,
        `${name}_duration_seconds_count{${family}} ${total.count}`,
        `# TYPE ${name}_last_queued_timestamp_seconds gauge`,
        `${name}_last_queued_timestamp_seconds{${family}} ${lastQueued / 1000}`,
        `# TYPE ${name}_last_timestamp_seconds gauge`,
        `${name}_last_timestamp_seconds{${family}} ${lastSynced / 1000}`,
        `# TYPE ${name}_nftables_sync_failures_total counter`,
        `${name}_nftables_sync_failures_total{${family}} ${failures}`,
        ...["healthz", "livez"].flatMap((endpoint) => {
          const metric = `kubeproxy_proxy_${endpoint}_total`;
          const samples = [...answers].filter(([key]) => key.startsWith(`${metric}{`));
          if (samples.length === 0) return [];
          return [`# TYPE ${metric} counter`, ...samples.map(([key, count]) => `${key} ${count}`)];
        }),
      ];
      return `${lines.join("\n")}\n`;
    },
  };
}

/** Whether load balancers may send to this node: not while it is unknown, deleted, or about to be taken away. */
export function isNodeEligible(node: Node | undefined): boolean {
  if (node === undefined || node.metadata?.deletionTimestamp !== undefined) return false;
  return !(node.spec?.taints ?? []).some(({ key }) => key === toBeDeletedTaint);
}
