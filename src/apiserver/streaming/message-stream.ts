/**
 * A one-way stream as messages of a WebSocket (upstream's wsstream.Reader), for clients that read a log that way: bytes,
 * or text for base64.binary.k8s.io.
 */
import type { IncomingMessage } from "node:http";
import type { Duplex, Readable } from "node:stream";
import type { WebSocket } from "ws";
import { acceptWebSocket } from "./websocket-channels.ts";

const protocols = ["binary.k8s.io", "base64.binary.k8s.io"];
const normalClosure = 1000;

/** Resolves when `source` has ended and all of it is sent, or when the client is gone. What the client sends is ignored. */
export async function sendAsMessages(
  source: Readable | undefined,
  request: IncomingMessage,
  socket: Duplex,
  head: Buffer,
): Promise<void> {
  const client = await acceptWebSocket(request, socket, head, protocols).catch((error: unknown) => {
    source?.destroy();
    throw error;
  });
  client.on("error", () => client.terminate());
  client.on("close", () => source?.destroy());
  // The empty message that upstream begins with tells of the connection before there is anything to read.
  await send(client, Buffer.alloc(0));
  try {
    for await (const chunk of source ?? []) await send(client, chunk as Buffer);
  } catch (error) {
    if (client.readyState === client.OPEN) throw error;
  } finally {
    client.close(normalClosure);
  }
}

/** Resolves when the message is on its way, which paces the source. */
function send(client: WebSocket, data: Buffer): Promise<void> {
  const message = client.protocol.startsWith("base64") ? data.toString("base64") : data;
  return new Promise((resolve, reject) => {
    client.send(message, (error) => (error ? reject(error) : resolve()));
  });
}
