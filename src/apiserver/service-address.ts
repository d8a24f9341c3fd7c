/** Where a Service is reached from the API server: webhooks, aggregated APIs, services/NAME/proxy. */
import { serviceNameLabel } from "../kinds/discovery/endpoint-slice/labels.ts";
import type { Service } from "../kinds/generated/core-v1.ts";
import type { Endpoint, EndpointSlice } from "../kinds/generated/discovery-v1.ts";
import type { ObjectReader } from "./types.ts";

export interface Address {
  readonly host: string;
  readonly port: number;
}

interface ServiceName {
  readonly namespace: string;
  readonly name: string;
}

/** A ready endpoint of a Service's port; an external name is given as it is. Throws an Error where there is none. */
export function serviceAddress(reader: ObjectReader, { namespace, name }: ServiceName, port: number): Address {
  const service = reader.get<Service>("", "services", namespace, name);
  if (service === undefined) throw new Error(`service ${JSON.stringify(name)} not found`);
  if (service.spec?.type === "ExternalName") return { host: service.spec.externalName ?? "", port };
  const found = service.spec?.ports?.find((one) => one.port === port);
  if (found === undefined) throw new Error(`no service port ${port} found for service ${JSON.stringify(name)}`);
  const chosen = readyEndpoint(reader, { namespace, name }, found.name ?? "");
  if (chosen === undefined) throw new Error(`no endpoints available for service ${JSON.stringify(name)}`);
  return chosen;
}

/** One of the ready endpoints behind a Service's port of that name, at random; `isWanted`: of those that are wanted. */
export function readyEndpoint(
  reader: ObjectReader,
  { namespace, name }: ServiceName,
  portName: string,
  isWanted: (endpoint: Endpoint, address: string) => boolean = () => true,
): Address | undefined {
  const addresses = reader
    .list<EndpointSlice>("discovery.k8s.io", "endpointslices", namespace)
    .filter((slice) => slice.metadata?.labels?.[serviceNameLabel] === name)
    .flatMap(({ ports, endpoints = [] }) => {
      const port = ports?.find((one) => (one.name ?? "") === portName)?.port;
      if (port === undefined) return [];
      const ready = endpoints.filter(({ conditions }) => conditions?.ready !== false);
      return ready.flatMap((endpoint) =>
        endpoint.addresses.filter((host) => isWanted(endpoint, host)).map((host) => ({ host, port })),
      );
    });
  return addresses[Math.floor(Math.random() * addresses.length)];
}
