/**
 * /openapi/v2 and /openapi/v3: documents made by machinery/openapi on first request, kept as bytes until the served
 * kinds change. Builders are loaded on demand, since most processes are never asked.
 */
import { createHash } from "node:crypto";
import { unknownPath } from "../../machinery/errors/status-error.ts";
import type { KindDefinition } from "../../machinery/kind.ts";
import type { OpenApiAddresses } from "../aggregation/remote-openapi.ts";
import { requireRead } from "../http/methods.ts";
import type { RequestContext } from "../http/request-context.ts";
import { encodeJson, sendBytes } from "../http/respond.ts";
import { sendPieces } from "../http/send-pieces.ts";
import type { ResourceRegistry } from "../registry/resources.ts";

const v2ProtobufTypes = [
  "application/com.github.proto-openapi.spec.v2.v1.0+protobuf",
  "application/com.github.proto-openapi.spec.v2@v1.0+protobuf",
];

interface Document {
  readonly bytes: Buffer;
  readonly etag: string;
}

const loadBuilders = () => import("../../machinery/openapi/documents.ts");
type Builders = Awaited<ReturnType<typeof loadBuilders>>;

/** Documents of extension API servers. */
export interface AggregatedOpenApi {
  readonly openApi: {
    readonly generation: number;
    addresses(): OpenApiAddresses;
  };
  handleOpenApi(context: RequestContext, path: string): Promise<void> | undefined;
}

export class OpenApiEndpoints {
  readonly #resources: ResourceRegistry;
  readonly #aggregated: AggregatedOpenApi | undefined;
  readonly #documents = new Map<string, Document>();
  #generation = "";

  /** `aggregated`: documents that v3 has besides those of what is served here. */
  constructor(resources: ResourceRegistry, aggregated?: AggregatedOpenApi) {
    this.#resources = resources;
    this.#aggregated = aggregated;
  }

  /** Answers the request if its path is one of OpenAPI; false otherwise. Throws or rejects with StatusError. */
  handle(context: RequestContext): Promise<boolean> | false {
    const { path } = context.info;
    if (!path.startsWith("/openapi/v")) return false;
    requireRead(context.request);
    return this.#answer(context, path);
  }

  async #answer(context: RequestContext, path: string): Promise<boolean> {
    const generation = `${this.#resources.generation} ${this.#aggregated?.openApi.generation ?? 0}`;
    if (this.#generation !== generation) {
      this.#generation = generation;
      this.#documents.clear();
    }
    const builders = await loadBuilders();
    if (path === "/openapi/v2") await this.#sendV2(context, builders);
    else if (path === "/openapi/v3") {
      await this.#send(
        context,
        "application/json",
        this.#document(path, () => builders.buildOpenApiV3Index(this.#kinds(), this.#aggregated?.openApi.addresses())),
      );
    } else if (path.startsWith("/openapi/v3/")) await this.#sendGroupVersion(context, path, builders);
    else return false;
    return true;
  }

  #kinds(): KindDefinition[] {
    return Array.from(this.#resources.all(), ({ kind }) => kind);
  }

  async #sendGroupVersion(context: RequestContext, path: string, builders: Builders): Promise<void> {
    const wanted = path.slice("/openapi/v3/".length);
    const passedOn = this.#aggregated?.handleOpenApi(context, wanted);
    if (passedOn !== undefined) return passedOn;
    const kinds = this.#kinds().filter((kind) => builders.groupVersionPath(kind) === wanted);
    const [first] = kinds;
    if (first === undefined) throw unknownPath();
    const document = this.#document(path, () => builders.buildOpenApiV3(first, kinds));
    // An address with a hash names one content for ever.
    if (context.query.has("hash")) context.response.setHeader("expires", new Date(Date.now() + yearMs).toUTCString());
    await this.#send(context, "application/json", document);
  }

  async #sendV2(context: RequestContext, builders: Builders): Promise<void> {
    const accept = context.request.headers.accept ?? "";
    const asked = v2ProtobufTypes.find((type) => accept.includes(type));
    if (asked === undefined) {
      await this.#send(
        context,
        "application/json",
        this.#document("v2", () => builders.buildOpenApiV2(this.#kinds())),
      );
      return;
    }
    const { encodeOpenApiV2Protobuf } = await import("../../machinery/openapi/v2-protobuf.ts");
    const build = (): Buffer => encodeOpenApiV2Protobuf(builders.buildOpenApiV2(this.#kinds()));
    await this.#send(context, v2ProtobufTypes[0] as string, this.#document("v2 protobuf", build));
  }

  #document(key: string, build: () => object | Buffer): Document {
    let document = this.#documents.get(key);
    if (document === undefined) {
      const content = build();
      const bytes = Buffer.isBuffer(content) ? content : encodeJson(content);
      document = { bytes, etag: `"${createHash("sha256").update(bytes).digest("hex").toUpperCase()}"` };
      this.#documents.set(key, document);
    }
    return document;
  }

  async #send(context: RequestContext, type: string, { bytes, etag }: Document): Promise<void> {
    context.response.setHeader("etag", etag);
    context.response.setHeader("vary", "Accept-Encoding, Accept");
    if (context.request.headers["if-none-match"] === etag) sendBytes(context, 304, type, Buffer.alloc(0));
    else if (bytes.length <= sliceBytes) sendBytes(context, 200, type, bytes);
    else await sendPieces(context, 200, type, slices(bytes));
  }
}

const sliceBytes = 512 * 1024;

function* slices(bytes: Buffer): Iterable<Buffer> {
  for (let start = 0; start < bytes.length; start += sliceBytes) yield bytes.subarray(start, start + sliceBytes);
}

const yearMs = 365 * 24 * 60 * 60 * 1000;
