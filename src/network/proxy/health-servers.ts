/**
 * The proxy's HTTP answers: /healthz and /livez for the node, and for each Service with a healthCheckNodePort whether
 * this node has ready endpoints of its own (200 with their number, 503 without), as load balancers ask.
 */
import { once } from "node:events";
import { createServer, type Server, type ServerResponse } from "node:http";
import type { Service } from "../../kinds/generated/core-v1.ts";
import { ConnectionGuard, nodeServerLimits } from "../../lib/connection-guard.ts";
import { createLogger } from "../../lib/log.ts";
import type { ProxyServicePort } from "./service-ports.ts";
import type { SyncStatus } from "./sync-status.ts";

export interface HealthServers {
  /** Called after each transaction; opens and closes the ports of Services. */
  update(services: readonly Service[], ports: readonly ProxyServicePort[]): void;
  close(): void;
}

export interface NodeHealth {
  readonly status: SyncStatus;
  /** Whether load balancers may send to this node. */
  readonly nodeEligible: () => boolean;
}

interface ServiceHealth {
  readonly namespace: string;
  readonly name: string;
  localEndpoints: number;
}

const log = createLogger("kube-proxy");

function answer(response: ServerResponse, code: number, body: unknown, headers: Record<string, string> = {}): void {
  response.writeHead(code, { "content-type": "application/json", "x-content-type-options": "nosniff", ...headers });
  response.end(JSON.stringify(body));
}

/** Rejects when `port` cannot be listened on. */
export async function createHealthServers(port: number, { status, nodeEligible }: NodeHealth): Promise<HealthServers> {
  const own = createServer((request, response) => {
    const name = request.url?.split("?")[0];
    if (name !== "/healthz" && name !== "/livez") return answer(response, 404, {});
    const { healthy, lastUpdated, currentTime } = status.health();
    const eligible = name === "/livez" || nodeEligible();
    const code = healthy && eligible ? 200 : 503;
    const updated = code === 200 ? currentTime : lastUpdated;
    status.countAnswer(name === "/livez" ? "livez" : "healthz", code);
    answer(response, code, {
      lastUpdated: updated,
      currentTime,
      ...(name === "/healthz" ? { nodeEligible: eligible } : {}),
      healthy,
      status: { IPv4: { lastUpdated, healthy } },
    });
  });
  new ConnectionGuard(nodeServerLimits).watch(own, { tls: false });
  own.listen(port, "0.0.0.0");
  await once(own, "listening");

  const servers = new Map<number, { server: Server; health: ServiceHealth }>();
  const open = (nodePort: number, health: ServiceHealth): void => {
    const server = createServer((_request, response) => {
      const { namespace, name, localEndpoints } = health;
      const { healthy } = status.health();
      const body = { service: { namespace, name }, localEndpoints, serviceProxyHealthy: healthy };
      const weight = { "x-load-balancing-endpoint-weight": String(localEndpoints) };
      answer(response, localEndpoints > 0 && healthy ? 200 : 503, body, weight);
    });
    server.on("error", (error) => log.error("cannot serve the health check node port", { nodePort, error }));
    new ConnectionGuard(nodeServerLimits).watch(server, { tls: false });
    server.listen(nodePort, "0.0.0.0");
    servers.set(nodePort, { server, health });
  };

  return {
    update(services, ports) {
      const wanted = new Map<number, ServiceHealth>();
      for (const { metadata, spec } of services) {
        if (spec?.healthCheckNodePort === undefined || spec.healthCheckNodePort === 0) continue;
        const [namespace, name] = [metadata?.namespace ?? "", metadata?.name ?? ""];
        wanted.set(spec.healthCheckNodePort, { namespace, name, localEndpoints: countLocal(ports, namespace, name) });
      }
      for (const [nodePort, { server, health }] of servers) {
        const next = wanted.get(nodePort);
        if (next?.namespace === health.namespace && next.name === health.name) {
          health.localEndpoints = next.localEndpoints;
          continue;
        }
        server.close();
        servers.delete(nodePort);
      }
      for (const [nodePort, health] of wanted) if (!servers.has(nodePort)) open(nodePort, health);
    },
    close() {
      own.close();
      for (const { server } of servers.values()) server.close();
    },
  };
}

function countLocal(ports: readonly ProxyServicePort[], namespace: string, name: string): number {
  const mine = ports.filter((port) => port.namespacedName === `${namespace}/${name}`);
  return new Set(mine.flatMap((port) => port.localReady)).size;
}
