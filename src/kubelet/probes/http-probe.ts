/** HTTP and HTTPS requests of probes and lifecycle hooks, with upstream's headers and judgement. */

import http from "node:http";
import https from "node:https";
import type { Container, HTTPGetAction } from "../../kinds/generated/core-v1.ts";
import type { IntOrString } from "../../kinds/generated/primitives.ts";
import { setAt } from "../../machinery/meta/accessors.ts";
import type { ProbeOutcome } from "../pods/actions.ts";

export interface ProbeResult {
  readonly outcome: ProbeOutcome;
  readonly output: string;
  /** Of a success that its owner should hear about. */
  readonly warning?: string;
}

const maximumBodyBytes = 10 * 1024;

/** A port by number, or by its name among the container's ports. Throws when there is none. */
export function resolvePort(port: IntOrString, container: Container): number {
  const number = typeof port === "number" ? port : /^\d+$/.test(port) ? Number(port) : undefined;
  const resolved = number ?? container.ports?.find(({ name }) => name === port)?.containerPort;
  if (resolved === undefined) throw new Error(`couldn't find port: ${port} in container ${container.name}`);
  if (resolved <= 0 || resolved > 65535) throw new Error(`invalid port number: ${resolved}`);
  return resolved;
}

export interface HttpRequestInput {
  readonly action: HTTPGetAction;
  readonly container: Container;
  readonly podIP: string;
  readonly timeoutMs: number;
  readonly agent: "kube-probe" | "kube-lifecycle";
}

interface Answer {
  readonly code: number;
  readonly body: string;
  readonly location: string | undefined;
}

/** 200 to 399 is success; a redirect to another host is success as well, as upstream does not follow it. */
export async function probeHttp(input: HttpRequestInput): Promise<ProbeResult> {
  const { action, container, podIP } = input;
  const port = resolvePort(action.port, container);
  const scheme = (action.scheme ?? "HTTP").toLowerCase();
  const host = action.host || podIP;
  const path = action.path ?? "/";
  let url = `${scheme}://${host.includes(":") ? `[${host}]` : host}:${port}${path.startsWith("/") ? path : `/${path}`}`;
  try {
    for (let redirects = 0; ; redirects++) {
      const answer = await request(url, input);
      if (answer.code < 200 || answer.code >= 400) {
        return { outcome: "failure", output: `HTTP probe failed with statuscode: ${answer.code}` };
      }
      if (answer.code < 300 || answer.location === undefined) return { outcome: "success", output: answer.body };
      const next = new URL(answer.location, url);
      if (next.hostname !== new URL(url).hostname) {
        const warning = `Probe terminated redirects, Response body: ${answer.body}`;
        return { outcome: "success", output: warning, warning };
      }
      if (redirects >= 10) return { outcome: "failure", output: "stopped after 10 redirects" };
      url = next.href;
    }
  } catch (error) {
    return { outcome: "failure", output: `Get "${url}": ${(error as Error).message}` };
  }
}

function request(url: string, { action, timeoutMs, agent }: HttpRequestInput): Promise<Answer> {
  const headers: Record<string, string> = { "user-agent": `${agent}/1.36`, accept: "*/*", connection: "close" };
  for (const { name, value } of action.httpHeaders ?? []) {
    if (name.toLowerCase() === "accept" && value === "") delete headers["accept"];
    else setAt(headers, name.toLowerCase(), value);
  }
  return new Promise((resolve, reject) => {
    // Go's parser, which programs were tried against, takes header lines that end in LF alone.
    const options = { headers, agent: false as const, rejectUnauthorized: false, insecureHTTPParser: true };
    const outgoing = (url.startsWith("https:") ? https : http).get(url, options, (incoming) => {
      const chunks: Buffer[] = [];
      let size = 0;
      incoming.on("data", (chunk: Buffer) => {
        if (size < maximumBodyBytes) chunks.push(chunk.subarray(0, maximumBodyBytes - size));
        size += chunk.length;
      });
      incoming.on("error", reject);
      incoming.on("end", () => {
        const code = incoming.statusCode ?? 0;
        resolve({ code, body: Buffer.concat(chunks).toString(), location: incoming.headers.location });
      });
    });
    const timer = setTimeout(
      () => outgoing.destroy(new Error("context deadline exceeded (Client.Timeout exceeded while awaiting headers)")),
      timeoutMs,
    );
    outgoing.on("close", () => clearTimeout(timer));
    outgoing.on("error", reject);
  });
}
