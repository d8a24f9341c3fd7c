/** One request to a webhook: JSON over HTTPS, its certificate checked against the configuration's bundle. */
import { Agent, request } from "node:https";
import { isIP } from "node:net";
import { rootCertificates } from "node:tls";
import { parseForeignJson } from "../../machinery/codec/json.ts";
import { metClosedConnection } from "../streaming/idle-connection.ts";
import type { ObjectReader } from "../types.ts";
import { type Endpoint, locate, type WebhookClientConfig } from "./endpoint.ts";

export interface WebhookCall {
  readonly clientConfig: WebhookClientConfig;
  readonly body: unknown;
  readonly timeoutSeconds: number;
}

const maximumAnswerBytes = 16 * 1024 * 1024;
const maximumAgents = 64;
/** Connections stay open; by the authority that they trust. */
const agents = new Map<string, Agent>();

function agentFor(caBundle: string | undefined): Agent {
  const key = caBundle ?? "";
  let agent = agents.get(key);
  if (agent === undefined) {
    if (agents.size >= maximumAgents) {
      for (const old of agents.values()) old.destroy();
      agents.clear();
    }
    const ca = caBundle ? [Buffer.from(caBundle, "base64").toString("utf8")] : [...rootCertificates];
    agent = new Agent({ keepAlive: true, ca, maxFreeSockets: 4, timeout: 60_000 });
    agents.set(key, agent);
  }
  return agent;
}

/** The parsed answer. Rejects with an Error whose message is that of Go's HTTP client. */
export async function callWebhook(reader: ObjectReader, call: WebhookCall): Promise<unknown> {
  const { clientConfig, timeoutSeconds } = call;
  const shown = shownUrl(clientConfig, timeoutSeconds);
  try {
    return await post(locate(clientConfig, reader), call);
  } catch (cause) {
    const { message, name } = cause as Error;
    const detail =
      name === "TimeoutError" || name === "AbortError"
        ? "context deadline exceeded"
        : message.replace(/^connect ECONNREFUSED (.*)$/, "dial tcp $1: connect: connection refused");
    throw new Error(`Post ${JSON.stringify(shown)}: ${detail}`, { cause });
  }
}

function shownUrl({ url, service }: WebhookClientConfig, timeoutSeconds: number): string {
  const { name, namespace, port = 443, path = "" } = service ?? {};
  const base = url ?? `https://${name}.${namespace}.svc:${port}${path.startsWith("/") ? path : `/${path}`}`;
  return `${base}${base.includes("?") ? "&" : "?"}timeout=${timeoutSeconds}s`;
}

function post(endpoint: Endpoint, call: WebhookCall): Promise<unknown> {
  const { clientConfig, body, timeoutSeconds } = call;
  const bytes = Buffer.from(JSON.stringify(body));
  const { dial, port, serverName, path } = endpoint;
  const { promise, resolve, reject } = Promise.withResolvers<unknown>();
  const outgoing = request({
    method: "POST",
    ...dial,
    port,
    path: `${path}${path.includes("?") ? "&" : "?"}timeout=${timeoutSeconds}s`,
    agent: agentFor(clientConfig.caBundle),
    ...(isIP(serverName) === 0 ? { servername: serverName } : {}),
    signal: AbortSignal.timeout(timeoutSeconds * 1000),
    headers: {
      host: serverName,
      "content-type": "application/json",
      accept: "application/json, */*",
      "content-length": bytes.length,
      "user-agent": "kube-apiserver-admission",
    },
  });
  outgoing.on("error", (cause) => {
    if (metClosedConnection(outgoing, cause)) resolve(post(endpoint, call));
    else reject(cause);
  });
  outgoing.on("response", (response) => {
    const chunks: Buffer[] = [];
    let length = 0;
    response.on("data", (chunk: Buffer) => {
      length += chunk.length;
      if (length > maximumAnswerBytes) outgoing.destroy(new Error("the answer is too large"));
      chunks.push(chunk);
    });
    response.on("error", reject);
    response.on("end", () => {
      const text = Buffer.concat(chunks).toString("utf8");
      const code = response.statusCode ?? 0;
      if (code < 200 || code > 299) reject(new Error(`the server answered ${code}: ${text.slice(0, 200)}`));
      else resolve(parse(text));
    });
  });
  outgoing.end(bytes);
  return promise;
}

/** Rejects where the text is no JSON. */
async function parse(text: string): Promise<unknown> {
  return parseForeignJson(text).value;
}
