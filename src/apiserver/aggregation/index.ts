/**
 * Aggregation: passes requests for the groups of an APIService on to the Service behind it, as the front proxy that
 * extension API servers trust. Fed by APIServices in the cache; feeds discovery and OpenAPI with what is served there, and
 * each APIService with its Available condition.
 */
import { Agent } from "node:https";
import type { Duplex } from "node:stream";
import type { APIService } from "../../kinds/generated/apiregistration-v1.ts";
import type { CertificateSource } from "../../lib/certificate-source.ts";
import { CertifiedAgent } from "../../lib/certified-agent.ts";
import type { Clock } from "../../lib/clock.ts";
import type { Logger } from "../../lib/log.ts";
import { encodePath, pathParts } from "../../lib/request-target.ts";
import { StatusError, serviceUnavailable } from "../../machinery/errors/status-error.ts";
import type { RequestContext } from "../http/request-context.ts";
import { serviceAddress } from "../service-address.ts";
import { type ProxyTarget, proxyRequest, proxyUpgrade } from "../streaming/http-proxy.ts";
import type { HttpRequest, ObjectReader, ObjectWriter, UserInfo } from "../types.ts";
import { Availability } from "./availability.ts";
import type { AggregatedVersion } from "./discovered.ts";
import { indexPath, RemoteOpenApi } from "./remote-openapi.ts";

export interface AggregationParts {
  readonly reader: ObjectReader;
  readonly writer: ObjectWriter;
  readonly clock: Clock;
  readonly log: Logger;
  /** The certificate by which extension servers know this one; without it they believe no user names. */
  readonly proxyClient?: CertificateSource | undefined;
}

const group = "apiregistration.k8s.io";
const plural = "apiservices";

/** An APIService with a Service behind it. */
export interface Backend {
  readonly name: string;
  readonly group: string;
  readonly version: string;
  readonly service: APIService;
  readonly agent: Agent;
}

export class Aggregator {
  readonly #parts: AggregationParts;
  readonly #backends = new Map<string, Backend>();
  readonly #availability: Availability;
  readonly #openApi: RemoteOpenApi;
  #stop: (() => void) | undefined;
  #generation = 0;

  constructor(parts: AggregationParts) {
    this.#parts = parts;
    this.#openApi = new RemoteOpenApi(parts.log);
    this.#availability = new Availability(parts, {
      target: (backend) => this.target(backend),
      changed: () => this.#generation++,
      passed: (backend) => {
        const isCurrent = (): boolean => this.#backends.get(backend.name) === backend;
        void this.#openApi.refresh(backend, () => this.target(backend, indexPath), isCurrent);
      },
    });
    for (const service of parts.reader.list<APIService>(group, plural)) this.#put(service);
    this.#stop = parts.reader.subscribe(group, plural, ({ type, object }) => {
      const service = object as unknown as APIService;
      if (type === "DELETED") this.#remove(service.metadata?.name ?? "");
      else this.#put(service);
    });
  }

  /** Whether it follows the APIServices. */
  get running(): boolean {
    return this.#stop !== undefined;
  }

  close(): void {
    this.#stop?.();
    this.#stop = undefined;
    this.#availability.close();
    for (const { agent } of this.#backends.values()) agent.destroy();
  }

  /** Changes whenever `versions` does. */
  get generation(): number {
    return this.#generation;
  }

  /** What the available extension servers serve. */
  versions(): readonly AggregatedVersion[] {
    return [...this.#backends.values()].flatMap((backend) => this.#availability.served(backend) ?? []);
  }

  /** Answers the request if its path belongs to an extension server; undefined otherwise. */
  handle(context: RequestContext): Promise<void> | undefined {
    const backend = this.#backendOf(context.info.path);
    if (backend === undefined) return undefined;
    authenticateAs(context.request, context.user);
    // The extension server has a watch to look after then, and its own flow control.
    if (context.info.verb === "watch") context.flow?.finish();
    return asUnavailable(proxyRequest(this.target(backend, pathAndQuery(context)), context.request, context.response));
  }

  upgrade(context: RequestContext, socket: Duplex, head: Buffer): Promise<void> | undefined {
    const backend = this.#backendOf(context.info.path);
    if (backend === undefined) return undefined;
    authenticateAs(context.request, context.user);
    return asUnavailable(proxyUpgrade(this.target(backend, pathAndQuery(context)), context.request, socket, head));
  }

  /** Where extension servers have OpenAPI documents. */
  get openApi(): Pick<RemoteOpenApi, "generation" | "addresses"> {
    return this.#openApi;
  }

  /** Answers a request for the document of `apis/GROUP/VERSION` if an extension server has it; undefined otherwise. */
  handleOpenApi(context: RequestContext, path: string): Promise<void> | undefined {
    const backend = this.#openApi.backendOf(path);
    if (backend === undefined) return undefined;
    authenticateAs(context.request, context.user);
    return asUnavailable(proxyRequest(this.target(backend, pathAndQuery(context)), context.request, context.response));
  }

  /** Throws StatusError 503 where no endpoint is ready. */
  target({ service, agent, group: served, version }: Backend, url = `/apis/${served}/${version}`): ProxyTarget {
    const { namespace = "", name = "", port = 443 } = service.spec?.service ?? {};
    try {
      const address = serviceAddress(this.#parts.reader, { namespace, name }, port);
      return { scheme: "https", ...address, path: url, prefix: "", agent };
    } catch (cause) {
      throw Object.assign(serviceUnavailable((cause as Error).message), { cause });
    }
  }

  #backendOf(path: string): Backend | undefined {
    if (this.#backends.size === 0 || !path.startsWith("/apis/")) return undefined;
    const [, name = "", version = ""] = pathParts(path);
    return this.#backends.get(`${version}.${name}`);
  }

  #put(service: APIService): void {
    const name = service.metadata?.name ?? "";
    const { spec } = service;
    const before = this.#backends.get(name);
    if (spec?.service === undefined) {
      this.#remove(name);
      this.#availability.local(service);
      return;
    }
    if (before !== undefined && JSON.stringify(before.service.spec) === JSON.stringify(spec)) return;
    if (before !== undefined) this.#openApi.forget(before);
    before?.agent.destroy();
    const { group: served = "", version = "" } = spec;
    const backend = { name, group: served, version, service, agent: this.#agentOf(service) };
    this.#backends.set(name, backend);
    this.#generation++;
    this.#availability.follow(backend);
  }

  #remove(name: string): void {
    const backend = this.#backends.get(name);
    if (backend === undefined) return;
    backend.agent.destroy();
    this.#backends.delete(name);
    this.#openApi.forget(backend);
    this.#availability.forget(name);
    this.#generation++;
  }

  #agentOf({ spec }: APIService): Agent {
    const { proxyClient } = this.#parts;
    const { namespace, name } = spec?.service ?? {};
    const options = {
      keepAlive: true,
      servername: `${name}.${namespace}.svc`,
      ...(spec?.caBundle ? { ca: Buffer.from(spec.caBundle, "base64").toString("utf8") } : {}),
      rejectUnauthorized: spec?.insecureSkipTLSVerify !== true,
    };
    return proxyClient === undefined ? new Agent(options) : new CertifiedAgent(proxyClient, options);
  }
}

/** An address that the API server is not led to is the extension server's fault, and no request's: as upstream, a 503. */
async function asUnavailable(passed: Promise<void>): Promise<void> {
  try {
    await passed;
  } catch (cause) {
    if (!(cause instanceof StatusError) || cause.code >= 500) throw cause;
    throw Object.assign(serviceUnavailable("service unavailable"), { cause });
  }
}

/** What was authorized is what the extension server is asked for, written once more and not as the client wrote it. */
const pathAndQuery = ({ info }: RequestContext): string => encodePath(info.path) + info.search;

/** Puts the user into the request's headers, in place of whatever the client claims there. */
function authenticateAs({ headers }: HttpRequest, user: UserInfo): void {
  for (const name of Object.keys(headers)) if (name.startsWith("x-remote-")) delete headers[name];
  headers["x-remote-user"] = user.username;
  if (user.uid) headers["x-remote-uid"] = user.uid;
  if (user.groups.length > 0) headers["x-remote-group"] = [...user.groups];
  for (const [key, values] of Object.entries(user.extra ?? {})) {
    headers[`x-remote-extra-${encodeURIComponent(key).toLowerCase()}`] = [...values];
  }
}
