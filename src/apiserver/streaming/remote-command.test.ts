import { createServer as createHttpServer, type Server } from "node:http";
import { createServer as createHttpsServer } from "node:https";
import type { AddressInfo } from "node:net";
import type { Duplex } from "node:stream";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { WebSocket } from "ws";
import { fixedCertificate } from "../../lib/certificate-source.ts";
import { createAuthority, issueCertificate } from "../../lib/certificates.ts";
import { ownAddress } from "../testing/own-address.ts";
import { KubeletConnections } from "./kubelet-connection.ts";
import { translateRemoteCommand } from "./remote-command.ts";
import { dataFrame, FrameDecoder } from "./spdy/frames.ts";
import { toBuffer } from "./websocket-channels.ts";

const success = JSON.stringify({ metadata: {}, status: "Success" });
/** In the order in which the streams of an exec without a terminal are opened. */
const streams = { error: 1, stdin: 3, stdout: 5, stderr: 7 } as const;
const finReply = (stream: number): Buffer => Buffer.from([0x80, 3, 0, 2, 0, 0, 0, 4, 0, 0, 0, stream]);

/** The container's side: `cat`, which ends when its input does. */
function runCat(socket: Duplex): void {
  const decoder = new FrameDecoder();
  for (const stream of Object.values(streams)) socket.write(finReply(stream));
  socket.on("error", () => socket.destroy());
  socket.on("data", (chunk: Buffer) => {
    for (const frame of decoder.push(chunk)) {
      if (frame.type !== "data" || frame.stream !== streams.stdin) continue;
      if (frame.data.length > 0) socket.write(dataFrame(streams.stdout, frame.data));
      if (!frame.fin) continue;
      socket.write(dataFrame(streams.error, Buffer.from(success), true));
      for (const stream of [streams.stdout, streams.stderr]) socket.write(dataFrame(stream, Buffer.alloc(0), true));
    }
  });
}

/** Ends at once, with output. */
function runTrue(socket: Duplex): void {
  for (const stream of Object.values(streams)) socket.write(finReply(stream));
  socket.on("error", () => socket.destroy());
  socket.write(dataFrame(streams.stdout, Buffer.from("done"), true));
  socket.write(dataFrame(streams.stderr, Buffer.alloc(0), true));
  socket.write(dataFrame(streams.error, Buffer.from(success), true));
}

/** Says half of why it failed, and is gone. */
function runBroken(socket: Duplex): void {
  for (const stream of Object.values(streams)) socket.write(finReply(stream));
  socket.on("error", () => socket.destroy());
  socket.write(dataFrame(streams.error, Buffer.from('{"status":"Fail')));
  socket.end();
}

/** Sends more than a frame of anybody's has, and never the end of it. */
function runEndless(socket: Duplex): void {
  for (const stream of Object.values(streams)) socket.write(finReply(stream));
  socket.on("error", () => socket.destroy());
  const header = dataFrame(streams.stdout, Buffer.alloc(0));
  header.writeUIntBE(2 ** 24 - 1, 5, 3);
  socket.write(header);
}

describe("a remote command over a WebSocket", () => {
  let kubelet: Server;
  let server: Server;
  let refuse: string | undefined;
  let runCommand = runCat;
  const portOf = (of: Server): number => (of.address() as AddressInfo).port;

  beforeAll(async () => {
    const authority = await createAuthority({ commonName: "ca", validityDays: 1 });
    const serving = await issueCertificate({
      authority,
      commonName: "system:node:n1",
      organizations: ["system:nodes"],
      ipAddresses: [ownAddress()],
      usages: ["server"],
      validityDays: 1,
    });
    const client = await issueCertificate({ authority, commonName: "c", usages: ["client"], validityDays: 1 });
    kubelet = createHttpsServer({ cert: serving.certificate, key: serving.privateKey });
    kubelet.on("upgrade", (_request, socket: Duplex) => {
      if (refuse !== undefined) {
        socket.end(`HTTP/1.1 404 Not Found\r\nContent-Length: ${refuse.length}\r\nConnection: close\r\n\r\n${refuse}`);
        return;
      }
      socket.write("HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: SPDY/3.1\r\n\r\n");
      runCommand(socket);
    });
    const kubelets = new KubeletConnections({
      ca: authority.certificate,
      client: fixedCertificate(client),
    });
    server = createHttpServer();
    server.on("upgrade", (request, socket: Duplex, head: Buffer) => {
      const address = { host: ownAddress(), port: portOf(kubelet), servername: "n1" };
      const command = { kubelets, address, path: "/exec", stdin: true, stdout: true, stderr: true, tty: false };
      translateRemoteCommand(command, request, socket, head).catch(() => socket.destroy());
    });
    await new Promise<void>((resolve) => kubelet.listen(0, ownAddress(), resolve));
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  });

  beforeEach(() => {
    refuse = undefined;
    runCommand = runCat;
  });

  afterAll(() => {
    for (const one of [kubelet, server]) {
      one.close();
      one.closeAllConnections();
    }
  });

  /** Sends the messages at once, as a client with piped input does, and gathers what comes back until the end. */
  function exchange(
    protocol: string,
    messages: readonly (Buffer | string)[],
  ): Promise<{ text: string[]; code: number }> {
    const client = new WebSocket(`ws://127.0.0.1:${portOf(server)}`, protocol);
    const text = ["", "", "", "", ""];
    client.on("open", () => {
      for (const message of messages) client.send(message);
    });
    client.on("message", (raw) => {
      const message = toBuffer(raw);
      const channel = protocol.includes("base64") ? Number(String.fromCharCode(message[0] ?? 0)) : (message[0] ?? 0);
      const data = message.subarray(1).toString();
      text[channel] += protocol.includes("base64") ? Buffer.from(data, "base64").toString() : data;
    });
    return new Promise((resolve, reject) => {
      client.on("error", reject);
      client.on("close", (code) => resolve({ text, code }));
    });
  }
  const stdin = (data: string): Buffer => Buffer.concat([Buffer.from([0]), Buffer.from(data)]);

  it("ends the command's input where a v5 client closes the channel", async () => {
    const large = "x".repeat(300_000);
    const result = await exchange("v5.channel.k8s.io", [stdin("hi\n"), stdin(large), Buffer.from([255, 0])]);
    expect(result.text[1]).toBe(`hi\n${large}`);
    expect(JSON.parse(result.text[3] ?? "")).toMatchObject({ status: "Success" });
    expect(result.code).toBe(1000);
  });

  it("says nothing of success to a client of the first form", async () => {
    runCommand = runTrue;
    expect((await exchange("channel.k8s.io", [])).text).toEqual(["", "done", "", "", ""]);
  });

  it.each(["channel.k8s.io", "v4.channel.k8s.io"])(
    "outlives a node that is gone in the middle (%s)",
    async (protocol) => {
      runCommand = runBroken;
      expect((await exchange(protocol, [])).text[3]).toBe('{"status":"Fail');
      runCommand = runEndless;
      expect((await exchange(protocol, [])).text[1]).toBe("");
      runCommand = runTrue;
      expect((await exchange(protocol, [])).text[1]).toBe("done");
    },
  );

  it("reads no more of a kubelet's refusal than there is to say", async () => {
    refuse = "x".repeat(200_000);
    const { text } = await exchange("channel.k8s.io", []);
    expect(text[3]).toContain("the answer is longer than 65536 bytes");
  });

  it("tells why the kubelet refused, in the error channel", async () => {
    refuse = "container not found";
    for (const protocol of ["v4.channel.k8s.io", "v4.base64.channel.k8s.io"]) {
      const { text } = await exchange(protocol, []);
      expect(JSON.parse(text[3] ?? "")).toMatchObject({
        status: "Failure",
        code: 500,
        message: "Internal error occurred: unable to upgrade connection: container not found",
      });
    }
    const plain = await exchange("channel.k8s.io", []);
    expect(plain.text[3]).toContain("unable to upgrade connection: container not found");
  });
});
