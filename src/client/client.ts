/**
 * The client of one API server: typed resources, raw requests and watches over HTTP/2 with TLS. Controllers,
 * scheduler, kubelet and network are given one; informers and the recorder are built on it.
 */
import { readFileSync } from "node:fs";
import type { ClientHttp2Stream } from "node:http2";
import type { CertificateSource } from "../lib/certificate-source.ts";
import { parseOwnJson } from "../machinery/codec/json.ts";
import { type Status, StatusError } from "../machinery/errors/status-error.ts";
import type { KubernetesObject } from "../machinery/meta/object.ts";
import { ConnectionError } from "./connection-error.ts";
import { createHttp2Transport, type Http2Transport, type StreamResponse } from "./http2-transport.ts";
import { createResourceClient } from "./resource-client.ts";
import type { Client, RequestOptions, WatchEventType, WatchOptions } from "./types.ts";

export interface ClientOptions {
  /** `https://192.168.39.5:8443`. */
  readonly server: string;
  /** PEM of the authority that signed the server's certificate. */
  readonly ca: string | Buffer;
  /** PEM of a client certificate and its key. */
  readonly cert?: string | Buffer | undefined;
  readonly key?: string | Buffer | undefined;
  /** In place of `cert` and `key`, where they are renewed meanwhile. */
  readonly certificate?: CertificateSource | undefined;
  readonly token?: string | undefined;
  /** Read again every minute, as projected tokens rotate. */
  readonly tokenFile?: string | undefined;
  readonly userAgent: string;
  /** The name to verify in the server's certificate, where the address is not in it. */
  readonly serverName?: string | undefined;
}

const tokenFileLifetimeMs = 60_000;
/** client-go tries ten times where the server says when to come back. */
const maximumRetries = 10;

/** Connects on the first request. `close` ends every request and watch in flight. */
export function createClient(options: ClientOptions): Client {
  const transport = createHttp2Transport(options.server, {
    ca: options.ca,
    ...(options.cert === undefined ? {} : { cert: options.cert }),
    ...(options.key === undefined ? {} : { key: options.key }),
    certificate: options.certificate,
    ...(options.serverName === undefined ? {} : { servername: options.serverName }),
  });
  const bearerToken = createTokenSource(options);
  const headers = (extra: Record<string, string>): Record<string, string> => {
    const token = bearerToken();
    return {
      "user-agent": options.userAgent,
      ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
      ...extra,
    };
  };
  const client: Client = {
    of: (resource) => createResourceClient(client, resource),
    request: <R>(method: string, path: string, body?: unknown, requestOptions: RequestOptions = {}) =>
      requestWithRetries(transport, {
        method,
        path,
        body: body === undefined ? undefined : JSON.stringify(body),
        signal: requestOptions.signal,
        headers: headers({
          accept: requestOptions.accept ?? "application/json",
          ...(body === undefined ? {} : { "content-type": requestOptions.contentType ?? "application/json" }),
        }),
      }) as Promise<R>,
    async watch(path, watchOptions) {
      const { signal } = watchOptions;
      if (signal.aborted) return;
      try {
        const response = await transport.send({
          method: "GET",
          path,
          signal,
          headers: headers({ accept: watchOptions.accept ?? "application/json" }),
        });
        if (response.status !== 200) throw toStatusError(response.status, await readBody(response.stream));
        await readEvents(response, watchOptions);
      } catch (error) {
        if (!signal.aborted) throw error;
      }
    },
    close: () => transport.close(),
  };
  return client;
}

async function requestWithRetries(
  transport: Http2Transport,
  request: Parameters<Http2Transport["send"]>[0],
): Promise<unknown> {
  for (let attempt = 0; ; attempt++) {
    const response = await transport.send(request);
    const body = await readBody(response.stream);
    if (response.status < 400) return parseBody(body, response.headers["content-type"]);
    const retryAfter = Number(response.headers["retry-after"]);
    const retriable = response.status === 429 || response.status >= 500;
    if (!retriable || !(retryAfter >= 0) || attempt >= maximumRetries) throw toStatusError(response.status, body);
    await new Promise((resolve) => setTimeout(resolve, Math.max(1, retryAfter) * 1000));
    request.signal?.throwIfAborted();
  }
}

function parseBody(body: Buffer, contentType: string | undefined): unknown {
  if (body.length === 0) return undefined;
  const text = body.toString("utf8");
  return contentType === undefined || contentType.includes("json") ? parseOwnJson(text) : text;
}

function toStatusError(code: number, body: Buffer): StatusError {
  const text = body.toString("utf8");
  try {
    const status = JSON.parse(text) as Status;
    if (status.kind === "Status") return new StatusError({ ...status, code: status.code ?? code });
  } catch (cause) {
    return new StatusError({ code, message: text.trim() || `the server answered ${code}` }, { cause });
  }
  return new StatusError({ code, message: text.trim() });
}

function readBody(stream: ClientHttp2Stream): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    stream.on("data", (chunk: Buffer) => chunks.push(chunk));
    stream.once("end", () => resolve(chunks.length === 1 ? (chunks[0] as Buffer) : Buffer.concat(chunks)));
    stream.once("error", (cause) => reject(new ConnectionError(`connection broke: ${cause.message}`, { cause })));
    stream.once("close", () => reject(new ConnectionError("connection closed within the response")));
  });
}

/** Reads one JSON event a line; a line may span chunks. */
function readEvents({ stream }: StreamResponse, { onEvent, signal }: WatchOptions): Promise<void> {
  return new Promise((resolve, reject) => {
    let pending: Buffer[] = [];
    const handleLine = (line: Buffer): void => {
      if (line.length === 0) return;
      const event = parseOwnJson(line.toString("utf8")) as { type: string; object: KubernetesObject };
      if (event.type === "ERROR") {
        reject(new StatusError(event.object as unknown as Status));
        stream.close();
        return;
      }
      onEvent(event.type as WatchEventType, event.object);
    };
    stream.on("data", (chunk: Buffer) => {
      try {
        let start = 0;
        for (let end = chunk.indexOf(10); end >= 0; end = chunk.indexOf(10, start)) {
          const part = chunk.subarray(start, end);
          handleLine(pending.length === 0 ? part : Buffer.concat([...pending, part]));
          pending = [];
          start = end + 1;
        }
        if (start < chunk.length) pending.push(chunk.subarray(start));
      } catch (error) {
        reject(error as Error);
        stream.close();
      }
    });
    stream.once("end", resolve);
    stream.once("error", (cause) => reject(new ConnectionError(`watch broke: ${cause.message}`, { cause })));
    stream.once("close", () => (signal.aborted ? resolve() : reject(new ConnectionError("watch was cut"))));
  });
}

function createTokenSource({ token, tokenFile }: ClientOptions): () => string | undefined {
  if (tokenFile === undefined) return () => token;
  let cached = "";
  let readAt = 0;
  return () => {
    if (Date.now() - readAt > tokenFileLifetimeMs) {
      cached = readFileSync(tokenFile, "utf8").trim();
      readAt = Date.now();
    }
    return cached;
  };
}
