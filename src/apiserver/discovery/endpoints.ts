import { createHash } from "node:crypto";
import { pathParts } from "../../lib/request-target.ts";
import type { AggregatedVersion } from "../aggregation/discovered.ts";
import { requireRead } from "../http/methods.ts";
import { parseAccept } from "../http/negotiation.ts";
import type { RequestContext } from "../http/request-context.ts";
import { encodeJson, sendBytes } from "../http/respond.ts";
import type { ResourceRegistry } from "../registry/resources.ts";
import { aggregatedDiscovery, apiGroup, apiResourceList, type GroupVersions, groupVersions } from "./documents.ts";

/** Groups of extension API servers. */
export interface AggregatedSource {
  readonly generation: number;
  versions(): readonly AggregatedVersion[];
}

interface Document {
  readonly bytes: Buffer;
  readonly etag: string;
}

/** Answers /api, /apis, /apis/GROUP, /api/VERSION and /apis/GROUP/VERSION. */
export class DiscoveryEndpoints {
  readonly #resources: ResourceRegistry;
  readonly #documents = new Map<string, Document>();
  #groups: readonly GroupVersions[] = [];
  readonly #aggregated: AggregatedSource | undefined;
  #generation = "";

  /** `aggregated`: what extension servers serve, shown beside what is served here. */
  constructor(resources: ResourceRegistry, aggregated?: AggregatedSource) {
    this.#resources = resources;
    this.#aggregated = aggregated;
  }

  /** Whether the path was one of discovery, and the request answered. */
  handle(context: RequestContext): boolean {
    const { path } = context.info;
    if (path !== "/api" && path !== "/apis" && !path.startsWith("/api/") && !path.startsWith("/apis/")) return false;
    const [root = "", ...parts] = pathParts(path);
    const aggregated = parts.length === 0 ? aggregatedVersion(context) : undefined;
    const document = this.#document(root, parts, aggregated);
    if (document === undefined) return false;
    requireRead(context.request);
    const type =
      aggregated === undefined
        ? "application/json"
        : `application/json;g=apidiscovery.k8s.io;v=${aggregated};as=APIGroupDiscoveryList`;
    if (aggregated !== undefined) {
      context.response.setHeader("etag", document.etag);
      context.response.setHeader("vary", "Accept");
      if (context.request.headers["if-none-match"] === document.etag) {
        sendBytes(context, 304, type, Buffer.alloc(0));
        return true;
      }
    }
    sendBytes(context, 200, type, document.bytes);
    return true;
  }

  /** `/apis/apps/v1` and so on, for the list of paths at `/`. */
  paths(): string[] {
    this.#refresh();
    return this.#groups.flatMap(({ group, versions }) =>
      group === ""
        ? ["/api", ...versions.map(({ version }) => `/api/${version}`), "/apis"]
        : [`/apis/${group}`, ...versions.map(({ version }) => `/apis/${group}/${version}`)],
    );
  }

  #refresh(): void {
    const generation = `${this.#resources.generation} ${this.#aggregated?.generation ?? 0}`;
    if (this.#generation === generation) return;
    this.#generation = generation;
    this.#documents.clear();
    this.#groups = groupVersions(this.#resources, this.#aggregated?.versions() ?? []);
  }

  #document(root: string, parts: readonly string[], aggregated: "v2" | "v2beta1" | undefined): Document | undefined {
    this.#refresh();
    const key = `${root}/${parts.join("/")} ${aggregated ?? ""}`;
    let document = this.#documents.get(key);
    if (document === undefined) {
      const content = this.#build(root, parts, aggregated);
      if (content === undefined) return undefined;
      const bytes = encodeJson(content);
      const etag = `"${createHash("sha512").update(bytes).digest("hex").toUpperCase()}"`;
      document = { bytes, etag };
      this.#documents.set(key, document);
    }
    return document;
  }

  #build(root: string, parts: readonly string[], aggregated: "v2" | "v2beta1" | undefined): object | undefined {
    const core = root === "api";
    const groups = this.#groups.filter(({ group }) => (group === "") === core);
    if (aggregated !== undefined) return aggregatedDiscovery(groups, aggregated);
    if (parts.length === 0) return core ? coreVersions(groups) : groupList(groups);
    const group = groups.find((one) => one.group === (core ? "" : parts[0]));
    const version = core ? parts[0] : parts[1];
    if (group === undefined || parts.length > (core ? 1 : 2)) return undefined;
    if (version === undefined) return { kind: "APIGroup", apiVersion: "v1", ...apiGroup(group) };
    const found = group.versions.find((one) => one.version === version);
    // What an extension server serves it is asked itself.
    return found && found.remote === undefined ? apiResourceList(group.group, version, found.kinds) : undefined;
  }
}

function groupList(groups: readonly GroupVersions[]): object {
  return { kind: "APIGroupList", apiVersion: "v1", groups: groups.map(apiGroup) };
}

function coreVersions(groups: readonly GroupVersions[]): object {
  return {
    kind: "APIVersions",
    versions: groups.flatMap(({ versions }) => versions.map(({ version }) => version)),
    serverAddressByClientCIDRs: [],
  };
}

/** The version of the aggregated form that the client prefers; undefined where it wants the older form. */
function aggregatedVersion({ request }: RequestContext): "v2" | "v2beta1" | undefined {
  for (const { type, parameters } of parseAccept(request.headers.accept ?? "")) {
    if (type !== "application/json") continue;
    const { g, v, as } = parameters;
    if (g === undefined && as === undefined) return undefined;
    const known = v === "v2" || v === "v2beta1";
    if (g === "apidiscovery.k8s.io" && as === "APIGroupDiscoveryList" && known) return v;
  }
  return undefined;
}
