/** Passes an upgraded connection through to the runtime's streaming server, byte for byte, both ways. */
import type { IncomingMessage } from "node:http";
import { connect } from "node:net";
import type { Duplex } from "node:stream";

/**
 * `target`: what Exec, Attach or PortForward of the runtime gave. Ends both sides when one ends; the client then still gets
 * what the runtime had sent.
 */
export function proxyUpgrade(request: IncomingMessage, client: Duplex, head: Buffer, target: string): void {
  const { hostname, port, pathname, search } = new URL(target);
  const upstream = connect({ host: hostname, port: Number(port) });
  const fail = (): void => {
    client.destroy();
    upstream.destroy();
  };
  upstream.on("error", () => {
    if (client.writable) client.end("HTTP/1.1 502 Bad Gateway\r\nContent-Length: 0\r\nConnection: close\r\n\r\n");
    upstream.destroy();
  });
  client.on("error", fail);
  client.on("close", () => upstream.destroy());
  upstream.on("close", () => endAfterLastBytes(client));
  upstream.on("connect", () => {
    upstream.setNoDelay(true);
    if ("setNoDelay" in client) (client as unknown as { setNoDelay(on: boolean): void }).setNoDelay(true);
    upstream.write(requestHead(request, `${pathname}${search}`, `${hostname}:${port}`));
    if (head.length > 0) upstream.write(head);
    upstream.pipe(client);
    client.pipe(upstream);
  });
}

/** The runtime closes as soon as it has sent the last bytes, which a slow client has yet to take. */
function endAfterLastBytes(client: Duplex): void {
  client.end();
  // Left unread, what the client still sends would reset the connection, and those bytes with it.
  client.resume();
}

function requestHead(request: IncomingMessage, path: string, host: string): string {
  const lines = [`${request.method} ${path} HTTP/1.1`, `Host: ${host}`];
  for (let index = 0; index + 1 < request.rawHeaders.length; index += 2) {
    const name = request.rawHeaders[index] as string;
    // Credentials are for the kubelet alone; the origin is that of another host.
    if (["host", "authorization", "origin"].includes(name.toLowerCase())) continue;
    lines.push(`${name}: ${request.rawHeaders[index + 1]}`);
  }
  return `${lines.join("\r\n")}\r\n\r\n`;
}
