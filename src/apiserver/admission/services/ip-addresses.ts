/**
 * Keeps an IPAddress object for each cluster IP (networking.k8s.io/v1, KEP-1880), as the API shows who has which
 * address. Fed by the cache's Services. The pools decide about addresses: these objects only follow.
 */
import { isIPv6 } from "node:net";
import type { Service } from "../../../kinds/generated/core-v1.ts";
import { createLogger } from "../../../lib/log.ts";
import { StatusError } from "../../../machinery/errors/status-error.ts";
import type { UnknownObject } from "../../../machinery/meta/object.ts";
import type { ObjectReader, ObjectWriter } from "../../types.ts";
import { needsClusterIP, specOf } from "./service-fields.ts";

const group = "networking.k8s.io";
const plural = "ipaddresses";

export function followIpAddresses(reader: ObjectReader, writer: ObjectWriter): void {
  const log = createLogger("ip-addresses");
  const held = new Map<string, readonly string[]>();

  /** Races with another writer, and a server that is stopping, leave nothing to mend here. */
  const attempt = async (address: string, action: () => Promise<unknown>): Promise<void> => {
    try {
      await action();
    } catch (error) {
      const expected = error instanceof StatusError && (error.code === 404 || error.code === 409);
      if (!expected) log.warn("cannot update the IPAddress", { address, error });
    }
  };

  const follow = (service: Service, removed: boolean): void => {
    const key = `${service.metadata?.namespace}/${service.metadata?.name}`;
    const now = removed ? [] : addressesOf(service);
    const before = held.get(key) ?? [];
    if (now.length > 0) held.set(key, now);
    else held.delete(key);
    for (const address of now) {
      if (before.includes(address) || reader.get(group, plural, "", address) !== undefined) continue;
      void attempt(address, () => writer.create(group, plural, ipAddress(address, service)));
    }
    for (const address of before) {
      if (!now.includes(address)) void attempt(address, () => writer.delete(group, plural, "", address));
    }
  };

  reader.subscribe("", "services", ({ type, object }) => follow(object as Service, type === "DELETED"));
  for (const service of reader.list<Service>("", "services")) follow(service, false);
}

function addressesOf(service: Service): string[] {
  const spec = specOf(service);
  return needsClusterIP(spec) ? (spec.clusterIPs ?? []).filter((address) => address !== "None") : [];
}

function ipAddress(address: string, { metadata }: Service): UnknownObject {
  return {
    apiVersion: `${group}/v1`,
    kind: "IPAddress",
    metadata: {
      name: address,
      labels: {
        "ipaddress.kubernetes.io/ip-family": isIPv6(address) ? "IPv6" : "IPv4",
        "ipaddress.kubernetes.io/managed-by": "ipallocator.k8s.io",
      },
    },
    spec: {
      parentRef: { group: "", resource: "services", namespace: metadata?.namespace, name: metadata?.name },
    },
  };
}
