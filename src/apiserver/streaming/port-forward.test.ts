import type { IncomingMessage } from "node:http";
import { type Duplex, duplexPair } from "node:stream";
import { expect, it } from "vitest";
import type { KubeletConnections } from "./kubelet-connection.ts";
import { forwardPorts } from "./port-forward.ts";

/** A client's handshake, and what became of its connection. */
function handshake() {
  const [client, socket] = duplexPair();
  const headers = {
    connection: "upgrade",
    upgrade: "websocket",
    "sec-websocket-version": "13",
    "sec-websocket-key": "dGhlIHNhbXBsZSBub25jZQ==",
    "sec-websocket-protocol": "SPDY/3.1+portforward.k8s.io",
  };
  return { client, socket, request: { method: "GET", headers, socket } as unknown as IncomingMessage };
}

it("hangs up on the kubelet where the client went away before the kubelet answered", async () => {
  const { client, socket, request } = handshake();
  const [upstream] = duplexPair();
  const kubelets = {
    async upgrade() {
      client.destroy();
      socket.destroy();
      await new Promise((resolve) => socket.once("close", resolve));
      return { response: {}, socket: upstream as Duplex, head: Buffer.alloc(0) };
    },
  } as unknown as KubeletConnections;
  const forward = {
    kubelets,
    address: { host: "127.0.0.1", port: 10250, servername: "n1" },
    path: "/portForward",
    ports: [],
  };
  await expect(forwardPorts(forward, request, socket, Buffer.alloc(0))).rejects.toThrow("closed the connection");
  expect(upstream.destroyed).toBe(true);
});
