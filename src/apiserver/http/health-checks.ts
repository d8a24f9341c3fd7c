/**
 * The checks of /healthz, /livez and /readyz, under upstream's names, so that what looks for a name finds it. Where
 * upstream has a part of its own and this server does the same elsewhere, the check is about what does it here. Fed by
 * the composition, which knows what runs; feeds Health.
 */
import type { BootstrapHook } from "../bootstrap/index.ts";
import type { HealthCheck } from "./health.ts";

export interface HealthSubjects {
  /** Reads something from the store; rejects where that cannot be done. */
  readStore(): Promise<unknown>;
  /** What the start has made so far. */
  readonly finished: ReadonlySet<BootstrapHook>;
  /** Parts that follow the objects in the cache, and whether they do. */
  readonly follows: {
    /** The watch cache follows the store; what asks for informers asks for this. */
    cache(): boolean;
    customResources(): boolean;
    aggregation(): boolean;
    flowControl(): boolean;
  };
  /** Names of built-in APIServices that have not been seen available yet. */
  missingApiServices(): readonly string[];
  /** Plug-ins of the admission chain. */
  admissionPlugins(): number;
  stopping(): boolean;
}

const storeTimeoutMs = 2_000;
/** Lines that standard error does not take stay in memory; that many bytes of them mean that nobody reads it. */
const maximumUnwrittenLog = 1024 * 1024;

export function createHealthChecks(subjects: HealthSubjects): {
  readonly live: readonly HealthCheck[];
  readonly ready: readonly HealthCheck[];
} {
  const { finished, follows } = subjects;
  const check = (name: string, holds: () => boolean, otherwise: string): HealthCheck => ({
    name,
    check: () => {
      if (!holds()) throw new Error(otherwise);
    },
  });
  const hook = (name: string, holds: () => boolean): HealthCheck =>
    check(`poststarthook/${name}`, holds, "not finished");
  const made = (name: BootstrapHook): HealthCheck => hook(name, () => finished.has(name));
  const store = (name: string): HealthCheck => ({ name, check: () => withinTime(subjects.readStore()) });

  const always = [
    check("ping", () => true, ""),
    check("log", () => process.stderr.writableLength < maximumUnwrittenLog, "logging blocked"),
    store("etcd"),
  ];
  const hooks = [
    hook("start-apiserver-admission-initializer", () => subjects.admissionPlugins() > 0),
    hook("generic-apiserver-start-informers", follows.cache),
    hook("storage-readiness", follows.cache),
    hook("priority-and-fairness-config-consumer", follows.flowControl),
    hook("priority-and-fairness-filter", follows.flowControl),
    hook("start-apiextensions-informers", follows.cache),
    hook("start-apiextensions-controllers", follows.customResources),
    hook("crd-informer-synced", follows.customResources),
    made("start-system-namespaces-controller"),
    made("start-cluster-authentication-info-controller"),
    made("start-legacy-token-tracking-controller"),
    // Addresses are counted from the stored Services, once their range is there.
    hook("start-service-ip-repair-controllers", () => finished.has("start-kubernetes-service-cidr-controller")),
    made("rbac/bootstrap-roles"),
    made("scheduling/bootstrap-system-priority-classes"),
    made("priority-and-fairness-config-producer"),
    made("bootstrap-controller"),
    made("start-kubernetes-service-cidr-controller"),
    hook("start-kube-aggregator-informers", follows.cache),
    hook("apiservice-status-local-available-controller", follows.aggregation),
    hook("apiservice-status-remote-available-controller", follows.aggregation),
    hook("apiservice-registration-controller", follows.aggregation),
    hook("apiservice-discovery-controller", follows.aggregation),
    made("kube-apiserver-autoregistration"),
    {
      name: "autoregister-completion",
      check: () => {
        const missing = subjects.missingApiServices();
        if (missing.length > 0) throw new Error(`missing APIService: [${missing.join(" ")}]`);
      },
    },
    // Documents follow from the kinds that are served, those of custom resources among them.
    hook("apiservice-openapi-controller", follows.customResources),
    hook("apiservice-openapiv3-controller", follows.customResources),
  ];
  return {
    live: [...always, ...hooks],
    ready: [
      ...always,
      store("etcd-readiness"),
      check("informer-sync", follows.cache, "the cache does not follow the store"),
      ...hooks,
      check("shutdown", () => !subjects.stopping(), "process is shutting down"),
    ],
  };
}

async function withinTime(work: Promise<unknown>): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(
      () => reject(new Error("error getting data from etcd: context deadline exceeded")),
      storeTimeoutMs,
    );
  });
  try {
    await Promise.race([work, late]);
  } finally {
    clearTimeout(timer);
  }
}
