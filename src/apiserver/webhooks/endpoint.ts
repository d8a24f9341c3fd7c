/** Where a webhook is reached: a URL, or an address behind a Service with the name that its certificate must have. */
import type { LookupFunction } from "node:net";
import { serviceAddress } from "../service-address.ts";
import { dialOptions } from "../streaming/proxyable-address.ts";
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
  /** How it is dialled. */
  readonly dial: { readonly host: string; readonly lookup?: LookupFunction };
  readonly port: number;
  /** Of the certificate and the Host header. */
  readonly serverName: string;
  readonly path: string;
}

/**
 * A URL may lead anywhere, this machine too, as upstream: only administrators write it. What is behind a Service is
 * written by whoever writes in its namespace. Throws an Error where the Service, its port or a ready endpoint is missing, or its address is
 * none to be led to.
 */
export function locate({ url, service }: WebhookClientConfig, reader: ObjectReader): Endpoint {
  if (url !== undefined) {
    const { hostname, port, pathname, search } = new URL(url);
    const host = hostname.replace(/^\[|\]$/g, "");
    return { dial: { host }, port: Number(port || 443), serverName: host, path: pathname + search };
  }
  const { namespace = "", name = "", path = "/", port = 443 } = service ?? {};
  const address = serviceAddress(reader, { namespace, name }, port);
  return {
    dial: dialOptions(address.host),
    port: address.port,
    serverName: `${name}.${namespace}.svc`,
    path: path.startsWith("/") ? path : `/${path}`,
  };
}
