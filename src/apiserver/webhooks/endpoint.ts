/** Where a webhook is reached: a URL, or an address behind a Service with the name that its certificate must have. */
import { serviceNameLabel } from "../../kinds/discovery/endpoint-slice/labels.ts";
import type { Service } from "../../kinds/generated/core-v1.ts";
import type { EndpointSlice } from "../../kinds/generated/discovery-v1.ts";
import type { ObjectReader } from "../types.ts";

export interface WebhookClientConfig {
  readonly url?: string | undefined;
  readonly caBundle?: string | undefined;
  readonly service?:
    | {
        readonly namespace?: string | undefined;
        readonly name?: string | undefined;
        readonly path?: string | undefined;
        readonly port?: number | undefined;
      }
    | undefined;
}

export interface Endpoint {
  readonly host: string;
  readonly port: number;
  /** Of the certificate and the Host header. */
  readonly serverName: string;
  readonly path: string;
}

/** Throws an Error where the Service, its port or a ready endpoint is missing. */
export function locate({ url, service }: WebhookClientConfig, reader: ObjectReader): Endpoint {
  if (url !== undefined) {
    const { hostname, port, pathname, search } = new URL(url);
    const host = hostname.replace(/^\[|\]$/g, "");
    return { host, port: Number(port || 443), serverName: host, path: pathname + search };
  }
  const { namespace = "", name = "", path = "/", port = 443 } = service ?? {};
  const address = serviceAddress(reader, namespace, name, port);
  return { ...address, serverName: `${name}.${namespace}.svc`, path: path.startsWith("/") ? path : `/${path}` };
}

/** A ready endpoint of a Service's port; an external name is given as it is. */
export function serviceAddress(
  reader: ObjectReader,
  namespace: string,
  name: string,
  port: number,
): { host: string; port: number } {
  const service = reader.get<Service>("", "services", namespace, name);
  if (service === undefined) throw new Error(`service ${JSON.stringify(name)} not found`);
  if (service.spec?.type === "ExternalName") return { host: service.spec.externalName ?? "", port };
  const found = service.spec?.ports?.find((one) => one.port === port);
  if (found === undefined) throw new Error(`no service port ${port} found for service ${JSON.stringify(name)}`);
  const addresses = reader
    .list<EndpointSlice>("discovery.k8s.io", "endpointslices", namespace)
    .filter((slice) => slice.metadata?.labels?.[serviceNameLabel] === name)
    .flatMap((slice) => {
      const number = slice.ports?.find((one) => (one.name ?? "") === (found.name ?? ""))?.port;
      if (number === undefined) return [];
      const ready = (slice.endpoints ?? []).filter(({ conditions }) => conditions?.ready !== false);
      return ready.flatMap((endpoint) => endpoint.addresses.map((host) => ({ host, port: number })));
    });
  const chosen = addresses[Math.floor(Math.random() * addresses.length)];
  if (chosen === undefined) throw new Error(`no endpoints available for service ${JSON.stringify(name)}`);
  return chosen;
}
