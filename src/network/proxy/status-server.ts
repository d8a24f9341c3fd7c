/** What kube-proxy answers on loopback alone: its mode, its figures, and that it runs. */

import { once } from "node:events";
import { createServer } from "node:http";
import { ConnectionGuard, nodeServerLimits } from "../../lib/connection-guard.ts";
import { valueAt } from "../../machinery/meta/accessors.ts";
import type { SyncStatus } from "./sync-status.ts";

const plain = "text/plain; charset=utf-8";

/** Serves until the returned function is called. Rejects when `port` cannot be listened on. */
export async function serveStatus(port: number, status: SyncStatus): Promise<() => void> {
  const pages: Record<string, () => readonly [type: string, body: string]> = {
    "/proxyMode": () => [plain, "nftables"],
    "/healthz": () => [plain, "ok"],
    "/metrics": () => ["text/plain; version=0.0.4; charset=utf-8", status.renderMetrics()],
  };
  const server = createServer((request, response) => {
    const [type, body] = valueAt(pages, request.url?.split("?")[0] ?? "")?.() ?? [plain, undefined];
    response.writeHead(body === undefined ? 404 : 200, { "content-type": type, "x-content-type-options": "nosniff" });
    response.end(body ?? "404 page not found\n");
  });
  new ConnectionGuard(nodeServerLimits).watch(server, { tls: false });
  server.listen(port, "127.0.0.1");
  await once(server, "listening");
  return () => server.close();
}
