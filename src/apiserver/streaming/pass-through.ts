import { type IncomingMessage, type OutgoingHttpHeaders, STATUS_CODES } from "node:http";
import type { Duplex } from "node:stream";
import type { Upgraded } from "./kubelet-connection.ts";

/** Headers of a client's upgrade that the other side has to see. */
export function upgradeHeaders({ headers }: { headers: IncomingMessage["headers"] }): OutgoingHttpHeaders {
  const passed: OutgoingHttpHeaders = {};
  for (const [name, value] of Object.entries(headers)) {
    if (value === undefined || name === "host" || name === "authorization" || name.startsWith("impersonate-")) continue;
    passed[name] = value;
  }
  return passed;
}

/** Gives the client the other side's answer and, where it is an upgrade, joins the two connections. */
export async function passThrough(upstream: Upgraded | IncomingMessage, socket: Duplex, head: Buffer): Promise<void> {
  const response = "head" in upstream ? upstream.response : upstream;
  if (socket.destroyed) {
    // The client went away while the other side was asked.
    ("head" in upstream ? upstream.socket : upstream).destroy();
    return;
  }
  socket.write(statusAndHeaders(response));
  if (!("head" in upstream)) {
    upstream.pipe(socket);
    return;
  }
  if (upstream.head.length > 0) socket.write(upstream.head);
  if (head.length > 0) upstream.socket.write(head);
  upstream.socket.on("error", () => socket.destroy());
  // Its last bytes are on their way still; left unread, what the client sends would reset the connection before they arrive.
  upstream.socket.on("close", () => socket.end().resume());
  socket.on("error", () => upstream.socket.destroy());
  socket.on("close", () => upstream.socket.destroy());
  upstream.socket.pipe(socket);
  socket.pipe(upstream.socket);
}

function statusAndHeaders({ statusCode = 500, rawHeaders }: IncomingMessage): string {
  const lines = [`HTTP/1.1 ${statusCode} ${STATUS_CODES[statusCode] ?? ""}`];
  for (let index = 0; index + 1 < rawHeaders.length; index += 2) {
    // The body follows as it is read, not in the chunks it came in.
    if (rawHeaders[index]?.toLowerCase() === "transfer-encoding") continue;
    lines.push(`${rawHeaders[index]}: ${rawHeaders[index + 1]}`);
  }
  if (statusCode !== 101) lines.push("Connection: close");
  return `${lines.join("\r\n")}\r\n\r\n`;
}
