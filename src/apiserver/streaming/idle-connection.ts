/**
 * Connections that are kept for later requests may be closed by the other side just as a request takes one up. As Go's
 * HTTP client does, such a request is sent again, and one that cannot be sent twice gets a connection of its own.
 */
import { type ClientRequest, Agent as HttpAgent } from "node:http";
import { Agent as HttpsAgent } from "node:https";
import { CertifiedAgent } from "../../lib/certified-agent.ts";

/** Whether a request failed with the kept connection that it was sent on, and no answer had begun. */
export function metClosedConnection({ reusedSocket }: ClientRequest, cause: Error): boolean {
  return reusedSocket && "code" in cause && (cause.code === "ECONNRESET" || cause.code === "EPIPE");
}

const ownHttp = new HttpAgent({ keepAlive: false });
const ownHttps = new HttpsAgent({ keepAlive: false });
const ownOf = new WeakMap<HttpsAgent, HttpsAgent>();

/** An agent with the TLS settings of `agent`, where there is one, that opens a connection for each request. */
export function ownConnections(scheme: "http" | "https", agent?: HttpsAgent): HttpAgent | HttpsAgent {
  if (scheme === "http") return ownHttp;
  if (agent === undefined) return ownHttps;
  const own = ownOf.get(agent) ?? withoutKeepAlive(agent);
  ownOf.set(agent, own);
  return own;
}

function withoutKeepAlive(agent: HttpsAgent): HttpsAgent {
  if (agent instanceof CertifiedAgent) return agent.withoutKeepAlive();
  return new HttpsAgent({ ...agent.options, keepAlive: false });
}
