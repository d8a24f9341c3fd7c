import type { ClientRequest } from "node:http";
import type { Socket } from "node:net";

/** Upstream's net.Dialer: how long a connection to a pod, a node or a server behind a Service may take to come about. */
const dialMs = 30_000;

/** Ends a request whose connection does not come about in time; one that is there is left alone. Returns the request. */
export function withDialTimeout(request: ClientRequest, timeoutMs = dialMs): ClientRequest {
  return request.once("socket", (socket: Socket) => {
    if (!socket.connecting) return;
    const timer = setTimeout(() => request.destroy(new Error("dial tcp: i/o timeout")), timeoutMs);
    const stop = (): void => clearTimeout(timer);
    socket.once("connect", stop);
    socket.once("close", stop);
  });
}
