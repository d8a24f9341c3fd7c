/**
 * Keeps an IPAddress object for each cluster IP (networking.k8s.io/v1, KEP-1880), as the API shows who has which
 * address. Fed by the cache's Services and IPAddresses: one that is missing, or says something else, is made again, and
 * one of a Service that does not have the address is removed. The pools decide about addresses: these objects only follow.
 */
import { isIPv6 } from "node:net";
import { isDeepStrictEqual } from "node:util";
import type { Service } from "../../../kinds/generated/core-v1.ts";
import type { IPAddress, ParentReference } from "../../../kinds/generated/networking-v1.ts";
import { allocatorLabels, isManagedByAllocator } from "../../../kinds/networking/ip-address/labels.ts";
import { createBackOff } from "../../../lib/back-off.ts";
import { type Clock, formatMicroTime } from "../../../lib/clock.ts";
import { createLogger } from "../../../lib/log.ts";
import { StatusError } from "../../../machinery/errors/status-error.ts";
import type { UnknownObject } from "../../../machinery/meta/object.ts";
import type { ObjectReader, ObjectWriter } from "../../types.ts";
import { needsClusterIP, specOf } from "./service-fields.ts";

const group = "networking.k8s.io";
const plural = "ipaddresses";
/** A write that fails as often stays undone until something of the address changes. */
const maximumTries = 6;

export function followIpAddresses(reader: ObjectReader, writer: ObjectWriter, clock: Clock): void {
  const log = createLogger("ip-addresses");
  const held = new Map<string, readonly string[]>();
  const owners = new Map<string, ParentReference>();
  /** Addresses that are worked on, and whether another look is wanted after that. */
  const running = new Map<string, boolean>();
  const stored = (address: string): IPAddress | undefined => reader.get<IPAddress>(group, plural, "", address);

  /** Brings the object of one address in line, at most one at a time. */
  const reconcile = async (address: string): Promise<void> => {
    const object = stored(address);
    const owner = owners.get(address);
    if (owner === undefined) {
      if (object !== undefined && isManagedByAllocator(object)) await writer.delete(group, plural, "", address);
      return;
    }
    if (object !== undefined) {
      if (isRight(object, address, owner)) return;
      await writer.delete(group, plural, "", address);
    }
    await writer.create(group, plural, ipAddress(address, owner));
  };

  const run = async (address: string): Promise<void> => {
    const backOff = createBackOff({ initialMs: 50, maximumMs: 5000 });
    for (let tries = 1; ; ) {
      running.set(address, false);
      try {
        await reconcile(address);
        if (running.get(address) !== true) break;
      } catch (error) {
        // Races with another writer; the change of the object asks for another look where one is needed.
        const expected = error instanceof StatusError && (error.code === 404 || error.code === 409);
        if (!expected && tries >= maximumTries) log.warn("cannot update the IPAddress", { address, error });
        if ((expected && running.get(address) !== true) || tries >= maximumTries) break;
        tries += 1;
        await clock.sleep(backOff.next());
      }
    }
    running.delete(address);
  };

  const look = (address: string): void => {
    if (running.has(address)) running.set(address, true);
    else void run(address);
  };

  const follow = (service: Service, removed: boolean): void => {
    const key = `${service.metadata?.namespace}/${service.metadata?.name}`;
    const now = removed ? [] : addressesOf(service);
    const before = held.get(key) ?? [];
    if (now.length > 0) held.set(key, now);
    else held.delete(key);
    const owner = ownerOf(service);
    for (const address of now) owners.set(address, owner);
    for (const address of before) {
      if (!now.includes(address) && isDeepStrictEqual(owners.get(address), owner)) owners.delete(address);
    }
    for (const address of new Set([...now, ...before]))
      if (now.includes(address) !== before.includes(address)) look(address);
  };

  reader.subscribe("", "services", ({ type, object }) => follow(object as Service, type === "DELETED"));
  reader.subscribe(group, plural, (change) => {
    const object = change.object as unknown as IPAddress;
    const address = object.metadata?.name ?? "";
    const missing = change.type === "DELETED";
    const owner = owners.get(address);
    if (owner === undefined) {
      if (!missing && isManagedByAllocator(object)) look(address);
      return;
    }
    if (!missing && isRight(object, address, owner)) return;
    if (!running.has(address)) report(address, owner, missing);
    look(address);
  });
  for (const service of reader.list<Service>("", "services")) follow(service, false);
  for (const { metadata } of reader.list<IPAddress>(group, plural)) look(metadata?.name ?? "");

  /** Upstream's event about a repair, on the Service. */
  function report(address: string, { namespace = "", name = "" }: ParentReference, missing: boolean): void {
    const family = isIPv6(address) ? "IPv6" : "IPv4";
    const note = missing
      ? `Cluster IP [${family}]: ${address} is not allocated; repairing`
      : `the ClusterIP [${family}]: ${address} for Service ${namespace}/${name} has a wrong reference; repairing`;
    const uid = reader.get("", "services", namespace, name)?.metadata?.uid ?? "";
    const now = clock.now();
    const event = {
      apiVersion: "events.k8s.io/v1",
      kind: "Event",
      metadata: { name: `${name}.${(now * 1_000_000).toString(16)}`, namespace },
      eventTime: formatMicroTime(now),
      reportingController: "ipallocator-repair-controller",
      reportingInstance: "mini",
      action: "ClusterIPAllocation",
      reason: "ClusterIPNotAllocated",
      type: "Warning",
      regarding: { apiVersion: "v1", kind: "Service", namespace, name, uid },
      note,
    };
    writer
      .create("events.k8s.io", "events", event)
      .catch((error: unknown) => log.debug("no event", { address, error }));
  }
}

function addressesOf(service: Service): string[] {
  const spec = specOf(service);
  return needsClusterIP(spec) ? (spec.clusterIPs ?? []).filter((address) => address !== "None") : [];
}

function ownerOf({ metadata }: Service): ParentReference {
  return { group: "", resource: "services", namespace: metadata?.namespace ?? "", name: metadata?.name ?? "" };
}

function isRight({ metadata, spec }: IPAddress, address: string, owner: ParentReference): boolean {
  const { group = "", resource, namespace, name } = spec?.parentRef ?? {};
  const labels = Object.entries(allocatorLabels(address));
  return (
    isDeepStrictEqual({ group, resource, namespace, name }, owner) &&
    labels.every(([label, value]) => metadata?.labels?.[label] === value)
  );
}

function ipAddress(address: string, parentRef: ParentReference): UnknownObject {
  return {
    apiVersion: `${group}/v1`,
    kind: "IPAddress",
    metadata: { name: address, labels: allocatorLabels(address) },
    spec: { parentRef },
  };
}
