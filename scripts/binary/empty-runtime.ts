/** A container runtime that has nothing and answers every call with an empty message: gRPC, as far as that takes. */
import { chmodSync } from "node:fs";
import { createServer, type Http2Server } from "node:http2";

/** Serves CRI at a Unix socket that everybody may use. */
export async function serveEmptyRuntime(socket: string): Promise<Http2Server> {
  const server = createServer();
  server.on("stream", (stream, headers) => {
    // A client that is killed takes its streams with it.
    stream.on("error", () => stream.destroy());
    stream.respond({ ":status": 200, "content-type": "application/grpc" }, { waitForTrailers: true });
    stream.on("wantTrailers", () => stream.sendTrailers({ "grpc-status": "0" }));
    if (headers[":path"]?.endsWith("/GetContainerEvents")) return;
    const emptyMessage = Buffer.alloc(5);
    stream.end(emptyMessage);
  });
  await new Promise<void>((resolve) => server.listen(socket, resolve));
  chmodSync(socket, 0o777);
  return server;
}
