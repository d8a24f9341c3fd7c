/**
 * exec and attach from WebSocket clients, translated to SPDY toward the kubelet (as upstream's StreamTranslator does):
 * channels 0 to 4 become the streams stdin, stdout, stderr, error and resize, and v5's close of channel 0 becomes
 * stdin's end.
 */
import type { IncomingMessage } from "node:http";
import type { Duplex } from "node:stream";
import { internalError, type Status, StatusError } from "../../machinery/errors/status-error.ts";
import type { KubeletAddress, KubeletConnections } from "./kubelet-connection.ts";
import { maximumRefusalBytes, readText } from "./read-text.ts";
import { SpdyConnection, type SpdyStream } from "./spdy/connection.ts";
import { acceptWebSocket, ChannelSocket } from "./websocket-channels.ts";

const channels = { stdin: 0, stdout: 1, stderr: 2, error: 3, resize: 4 } as const;
const webSocketProtocols = [
  "v5.channel.k8s.io",
  "v4.channel.k8s.io",
  "v4.base64.channel.k8s.io",
  "channel.k8s.io",
  "base64.channel.k8s.io",
];
const spdyProtocols = "v4.channel.k8s.io";

export interface RemoteCommand {
  readonly kubelets: KubeletConnections;
  readonly address: KubeletAddress;
  /** Path and query at the kubelet. */
  readonly path: string;
  readonly stdin: boolean;
  readonly stdout: boolean;
  readonly stderr: boolean;
  readonly tty: boolean;
}

/** Resolves when the command has ended or the client went away. */
export async function translateRemoteCommand(
  command: RemoteCommand,
  request: IncomingMessage,
  socket: Duplex,
  head: Buffer,
): Promise<void> {
  const accepted = await acceptWebSocket(request, socket, head, webSocketProtocols);
  const session = new Session(command);
  await session.run(
    (events) => new ChannelSocket(accepted, events),
    // Without a protocol the client speaks the first form, in which errors are plain text.
    accepted.protocol.startsWith("v4") || accepted.protocol.startsWith("v5"),
  );
}

type Events = ConstructorParameters<typeof ChannelSocket>[1];

class Session {
  readonly #command: RemoteCommand;
  /** What arrives before the kubelet answered. */
  readonly #early: (() => void)[] = [];
  #client: ChannelSocket | undefined;
  #connection: SpdyConnection | undefined;
  #stdin: SpdyStream | undefined;
  #resize: SpdyStream | undefined;
  #clientGone = false;

  constructor(command: RemoteCommand) {
    this.#command = command;
  }

  async run(connect: (events: Events) => ChannelSocket, statusAsJson: boolean): Promise<void> {
    const client = connect({
      data: (channel, data) => this.#whenConnected(() => this.#fromClient(channel, data)),
      closeChannel: (channel) => this.#whenConnected(() => channel === channels.stdin && this.#stdin?.end()),
      closed: () => {
        this.#clientGone = true;
        this.#connection?.close();
      },
    });
    this.#client = client;
    try {
      const connection = await this.#dial();
      if (this.#clientGone) connection.close();
      else await this.#stream(connection, client, statusAsJson);
    } catch (error) {
      const { status } = error instanceof StatusError ? error : internalError(error);
      const text = statusAsJson ? JSON.stringify(status) : (status.message ?? "");
      client.send(channels.error, Buffer.from(text));
    }
    client.close();
  }

  #whenConnected(action: () => void): void {
    if (this.#connection === undefined) this.#early.push(action);
    else action();
  }

  async #dial(): Promise<SpdyConnection> {
    const { kubelets, address, path } = this.#command;
    const result = await kubelets.upgrade(address, {
      method: "POST",
      path,
      headers: { Connection: "Upgrade", Upgrade: "SPDY/3.1", "X-Stream-Protocol-Version": spdyProtocols },
    });
    if ("head" in result) return new SpdyConnection(result.socket, result.head);
    const body = await readText(result, maximumRefusalBytes);
    throw internalError(new Error(`unable to upgrade connection: ${body.trim()}`));
  }

  /** Opens the streams in the order that kubelets expect, and resolves when those from the container have ended. */
  #stream(connection: SpdyConnection, client: ChannelSocket, statusAsJson: boolean): Promise<void> {
    const { stdin, stdout, stderr, tty } = this.#command;
    const output = (streamType: "error" | "stdout" | "stderr"): Promise<void> =>
      new Promise((resolve) => {
        const stream = connection.open(
          { streamType },
          {
            data: (data) => {
              const sent = (): void => {
                if (!client.isCongested) connection.resume();
              };
              if (!client.send(channels[streamType], data, sent)) connection.pause();
            },
            end: resolve,
          },
        );
        stream.end();
      });
    const ended = [statusAsJson ? output("error") : this.#plainError(connection, client)];
    if (stdin) this.#stdin = connection.open({ streamType: "stdin" }, {});
    if (stdout) ended.push(output("stdout"));
    if (stderr && !tty) ended.push(output("stderr"));
    if (tty) this.#resize = connection.open({ streamType: "resize" }, {});
    this.#connection = connection;
    for (const action of this.#early.splice(0)) action();
    return Promise.all(ended).then(() => connection.close());
  }

  /** Clients of the first form learn of a failure by its message, and of success by nothing. */
  #plainError(connection: SpdyConnection, client: ChannelSocket): Promise<void> {
    const chunks: Buffer[] = [];
    let length = 0;
    const data = (chunk: Buffer): void => {
      length += chunk.length;
      if (length <= maximumRefusalBytes) chunks.push(Buffer.from(chunk));
    };
    return new Promise((resolve) => {
      const end = (): void => {
        const message = failureMessage(Buffer.concat(chunks).toString("utf8"));
        if (message !== "") client.send(channels.error, Buffer.from(message));
        resolve();
      };
      connection.open({ streamType: "error" }, { data, end }).end();
    });
  }

  #fromClient(channel: number, data: Buffer): void {
    const stream = channel === channels.stdin ? this.#stdin : channel === channels.resize ? this.#resize : undefined;
    if (stream === undefined || data.length === 0 || stream.write(data)) return;
    this.#client?.pause();
    this.#connection?.drained(() => this.#client?.resume());
  }
}

/**
 * The message of a Status that tells of a failure; text that is no Status, or half of one, after a connection that broke, is
 * a message itself.
 */
function failureMessage(text: string): string {
  let found: unknown;
  try {
    found = JSON.parse(text);
  } catch {
    return text;
  }
  if (typeof found !== "object" || found === null) return text;
  const { status, message } = found as Status;
  return status === "Success" ? "" : typeof message === "string" ? message : text;
}
