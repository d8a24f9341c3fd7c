/**
 * The objects that a cluster has before anyone made any: namespaces, RBAC roles and bindings, priority classes, flow
 * schemas, the kubernetes Service. Fed by the reader and writer once the caches are warm; reconciled at every start, so
 * that a start on an existing store costs reads of memory only.
 */
import { setImmediate } from "node:timers/promises";
import { isDeepStrictEqual } from "node:util";
import type { ClusterRole, ClusterRoleBinding } from "../../kinds/generated/rbac-v1.ts";
import { defaultServiceCIDRName } from "../../kinds/networking/service-cidr/ranges.ts";
import { formatTime, systemClock } from "../../lib/clock.ts";
import { createLogger } from "../../lib/log.ts";
import type { UnknownObject } from "../../machinery/meta/object.ts";
import { firstServiceAddress } from "../admission/services/subnet.ts";
import type { ObjectReader, ObjectWriter } from "../types.ts";
import { ensureObject, type Reconcile } from "./ensure-object.ts";
import { ensureFlowControl } from "./flow-control-maintenance.ts";
import * as rbac from "./rbac-objects.ts";
import * as system from "./system-objects.ts";

export interface BootstrapOptions {
  readonly reader: ObjectReader;
  readonly writer: ObjectWriter;
  /** Address and port that go into the kubernetes Service's endpoints. */
  readonly advertised: system.Advertised;
  /** `10.96.0.0/12`; the kubernetes Service takes its first address. */
  readonly serviceSubnet: string;
  /** PEM, for ConfigMap kube-system/extension-apiserver-authentication. */
  readonly clientCa: string;
  readonly requestHeader?: { readonly ca: string; readonly allowedNames: readonly string[] };
  /** Puts the APIServices right of what is served here. */
  registerApiServices(): Promise<void>;
  /** Told each step that is done, by the name of upstream's hook after the start. */
  finished?(hook: BootstrapHook): void;
}

export type BootstrapHook =
  | "start-system-namespaces-controller"
  | "rbac/bootstrap-roles"
  | "scheduling/bootstrap-system-priority-classes"
  | "priority-and-fairness-config-producer"
  | "kube-apiserver-autoregistration"
  | "start-kubernetes-service-cidr-controller"
  | "bootstrap-controller"
  | "start-cluster-authentication-info-controller"
  | "start-legacy-token-tracking-controller";

export interface Bootstrap {
  /** Creates what is missing and repairs what is autoupdated, in one batch; resolves when all is stored. Idempotent. */
  run(): Promise<void>;
}

/** Left as the user made it. */
const keep: Reconcile = () => undefined;

/** Every field of `wanted` but metadata is put back. */
const restore: Reconcile = (stored, wanted) => {
  const { metadata: _, ...fields } = wanted;
  const differs = Object.entries(fields).some(([name, value]) => !isDeepStrictEqual(stored[name], value));
  return differs ? { ...stored, ...fields } : undefined;
};

export function createBootstrap(options: BootstrapOptions): Bootstrap {
  const { reader, writer } = options;
  const log = createLogger("bootstrap");

  const ensure = (plural: string, wanted: UnknownObject, reconcile: Reconcile): Promise<void> =>
    ensureObject({ reader, writer }, plural, wanted, reconcile);

  const ensureAll = (plural: string, wanted: readonly unknown[], reconcile: Reconcile): Promise<void>[] =>
    wanted.map((object) => ensure(plural, object as UnknownObject, reconcile));

  const step = async (hook: BootstrapHook, work: readonly Promise<void>[]): Promise<void> => {
    await Promise.all(work);
    options.finished?.(hook);
  };

  const reconcileRole = rbac.reconcileRole as unknown as Reconcile;
  const reconcileBinding = rbac.reconcileBinding as unknown as Reconcile;
  const clusterIP = firstServiceAddress(options.serviceSubnet);

  return {
    async run() {
      const roles = [
        ...ensureAll("clusterroles", rbac.defaultClusterRoles() satisfies ClusterRole[], reconcileRole),
        ...ensureAll(
          "clusterrolebindings",
          rbac.defaultClusterRoleBindings() satisfies ClusterRoleBinding[],
          reconcileBinding,
        ),
      ];
      const basics = Promise.all([
        step("start-system-namespaces-controller", ensureAll("namespaces", system.systemNamespaces(), keep)),
        ...roles,
        step(
          "scheduling/bootstrap-system-priority-classes",
          ensureAll("priorityclasses", system.systemPriorityClasses(), keep),
        ),
        step("priority-and-fairness-config-producer", [ensureFlowControl({ reader, writer })]),
        step("start-kubernetes-service-cidr-controller", [ensureServiceCidr()]),
      ]);
      // Costs no time while the disk is busy with those before, and shares the sync of those after.
      const registered = flushed().then(() => step("kube-apiserver-autoregistration", [options.registerApiServices()]));
      // Needs the namespaces and the address range.
      const rest = basics.then(() =>
        Promise.all([
          step("rbac/bootstrap-roles", [
            ...ensureAll("roles", rbac.defaultRoles(), reconcileRole),
            ...ensureAll("rolebindings", rbac.defaultRoleBindings(), reconcileBinding),
          ]),
          step("bootstrap-controller", [
            ensure("services", system.kubernetesService(clusterIP, options.advertised), restoreServicePorts),
            ensure("endpoints", system.kubernetesEndpoints(options.advertised), restore),
            ensure("endpointslices", system.kubernetesEndpointSlice(options.advertised), restore),
          ]),
          step("start-cluster-authentication-info-controller", [
            ensure("configmaps", system.authenticationConfigMap(options.clientCa, options.requestHeader), restore),
          ]),
          step("start-legacy-token-tracking-controller", [ensure("configmaps", tokenTracking(), keep)]),
        ]),
      );
      await Promise.all([rest, registered]);
      reader.subscribe("networking.k8s.io", "servicecidrs", ({ type, object }) => {
        if (type === "DELETED" && object.metadata?.name === defaultServiceCIDRName) void remakeServiceCidr();
      });
    },
  };

  /** A default range that was replaced by a larger one comes back with the server's own, as upstream's does. */
  async function remakeServiceCidr(): Promise<void> {
    try {
      await ensureServiceCidr();
    } catch (error) {
      log.warn("cannot make the default ServiceCIDR again", { error });
    }
  }

  async function ensureServiceCidr(): Promise<void> {
    const group = "networking.k8s.io";
    await ensure("servicecidrs", system.defaultServiceCidr(options.serviceSubnet), keep);
    const message = "Kubernetes default Service CIDR is ready";
    await ensureCondition(
      { group, plural: "servicecidrs", name: defaultServiceCIDRName },
      { type: "Ready", status: "True", reason: "", message },
    );
  }

  /** Puts a condition into the status of a cluster-wide object that has none of its type. */
  async function ensureCondition(
    target: { readonly group: string; readonly plural: string; readonly name: string },
    condition: { readonly type: string; readonly status: string; readonly reason: string; readonly message: string },
  ): Promise<void> {
    const conditionsOf = (object: UnknownObject | undefined): { type: string }[] =>
      ((object?.["status"] ?? {}) as { conditions?: { type: string }[] }).conditions ?? [];
    const has = (object: UnknownObject | undefined): boolean =>
      conditionsOf(object).some(({ type }) => type === condition.type);
    if (has(reader.get(target.group, target.plural, "", target.name))) return;
    await writer.modify({ ...target, namespace: "", subresource: "status" }, (object) => {
      if (has(object)) return undefined;
      const next = { ...condition, lastTransitionTime: formatTime(systemClock.now()) };
      return { ...object, status: { ...(object["status"] as object), conditions: [...conditionsOf(object), next] } };
    });
  }
}

/** Resolves when the writes of this turn of the event loop are on their way to the disk. */
async function flushed(): Promise<void> {
  await setImmediate();
  await setImmediate();
}

/** The port of the API server may change between starts; all else of the Service is the user's. */
const restoreServicePorts: Reconcile = (stored, wanted) => {
  const spec = stored["spec"] as UnknownObject;
  const ports = (wanted["spec"] as UnknownObject)["ports"];
  return isDeepStrictEqual(spec["ports"], ports) ? undefined : { ...stored, spec: { ...spec, ports } };
};

function tokenTracking(): UnknownObject {
  return {
    apiVersion: "v1",
    kind: "ConfigMap",
    metadata: { name: "kube-apiserver-legacy-service-account-token-tracking", namespace: "kube-system" },
    data: { since: formatTime(systemClock.now()).slice(0, 10) },
  };
}
