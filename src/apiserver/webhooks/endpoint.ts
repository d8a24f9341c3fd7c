/** Where a webhook is reached: a URL, or an address behind a Service with the name that its certificate must have. */
import { serviceAddress } from "../service-address.ts";
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
  const address = serviceAddress(reader, { namespace, name }, port);
  return { ...address, serverName: `${name}.${namespace}.svc`, path: path.startsWith("/") ? path : `/${path}` };
}
