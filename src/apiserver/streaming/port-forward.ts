/**
 * Port forwarding from WebSocket clients: SPDY frames tunnelled in WebSocket messages (kubectl ≥ 1.31) are unwrapped and
 * passed on as they are; the older form with `?ports=` has two channels a port and is translated to SPDY streams.
 */
import type { IncomingMessage } from "node:http";
import type { Duplex } from "node:stream";
import type { WebSocket } from "ws";
import { badRequest } from "../../machinery/errors/status-error.ts";
import type { KubeletAddress, KubeletConnections } from "./kubelet-connection.ts";
import { SpdyConnection, type SpdyStream } from "./spdy/connection.ts";
import { acceptWebSocket, ChannelSocket, offeredProtocols, toBuffer } from "./websocket-channels.ts";

const tunnelProtocol = "SPDY/3.1+portforward.k8s.io";
const spdyProtocol = "portforward.k8s.io";
const channelProtocols = ["v4.channel.k8s.io", "v4.base64.channel.k8s.io", "channel.k8s.io", "base64.channel.k8s.io"];

export interface PortForward {
  readonly kubelets: KubeletConnections;
  readonly address: KubeletAddress;
  readonly path: string;
  /** Of the older form. */
  readonly ports: readonly number[];
}

/** Resolves when the forwarding has been set up; it ends with either side. Throws StatusError before the handshake. */
export async function forwardPorts(
  forward: PortForward,
  request: IncomingMessage,
  socket: Duplex,
  head: Buffer,
): Promise<void> {
  const tunnelled = offeredProtocols(request).includes(tunnelProtocol);
  if (!tunnelled && forward.ports.length === 0) throw badRequest('query parameter "ports" is required');
  const { kubelets, address, path } = forward;
  const upstream = await kubelets.upgrade(address, {
    method: "POST",
    path,
    headers: { Connection: "Upgrade", Upgrade: "SPDY/3.1", "X-Stream-Protocol-Version": spdyProtocol },
  });
  if (!("head" in upstream)) {
    upstream.resume();
    throw badRequest(`unable to upgrade connection to the kubelet: ${upstream.statusCode}`);
  }
  const protocols = tunnelled ? [tunnelProtocol] : channelProtocols;
  const client = await acceptWebSocket(request, socket, head, protocols).catch((error: unknown) => {
    upstream.socket.destroy();
    throw error;
  });
  if (tunnelled) tunnel(client, upstream.socket, upstream.head);
  else translate(client, new SpdyConnection(upstream.socket, upstream.head), forward.ports);
}

const highWaterMark = 1024 * 1024;

function tunnel(client: WebSocket, upstream: Duplex, head: Buffer): void {
  const toClient = (data: Buffer): void => {
    client.send(data, { binary: true }, () => {
      if (client.bufferedAmount < highWaterMark) upstream.resume();
    });
    if (client.bufferedAmount >= highWaterMark) upstream.pause();
  };
  if (head.length > 0) toClient(head);
  upstream.on("data", toClient);
  upstream.on("end", () => client.close(1000));
  upstream.on("close", () => client.close(1000));
  upstream.on("error", () => client.terminate());
  client.on("message", (raw) => {
    if (upstream.write(toBuffer(raw))) return;
    client.pause();
    upstream.once("drain", () => client.resume());
  });
  client.on("close", () => upstream.destroy());
  client.on("error", () => upstream.destroy());
}

/** Channel 2·i carries the i-th port's data, 2·i+1 its errors; each starts with the port, two bytes little-endian. */
function translate(client: WebSocket, connection: SpdyConnection, ports: readonly number[]): void {
  const streams: SpdyStream[] = [];
  let open = ports.length * 2;
  const channelSocket = new ChannelSocket(client, {
    data: (channel, data) => {
      const stream = channel % 2 === 0 ? streams[channel / 2] : undefined;
      if (stream === undefined || data.length === 0 || stream.write(data)) return;
      channelSocket.pause();
      connection.drained(() => channelSocket.resume());
    },
    closeChannel: () => undefined,
    closed: () => connection.close(),
  });
  const output = (channel: number) => ({
    data: (data: Buffer) => {
      const sent = (): void => {
        if (!channelSocket.isCongested) connection.resume();
      };
      if (!channelSocket.send(channel, data, sent)) connection.pause();
    },
    end: () => {
      open -= 1;
      if (open === 0) channelSocket.close();
    },
  });
  for (const [index, port] of ports.entries()) {
    const prefix = Buffer.alloc(2);
    prefix.writeUInt16LE(port, 0);
    channelSocket.send(index * 2, prefix);
    channelSocket.send(index * 2 + 1, prefix);
    const headers = { port: String(port), requestID: String(index) };
    connection.open({ streamType: "error", ...headers }, output(index * 2 + 1)).end();
    streams.push(connection.open({ streamType: "data", ...headers }, output(index * 2)));
  }
}
