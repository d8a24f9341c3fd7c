/** The gRPC health checking protocol, grpc.health.v1: one Check call. */
import { Client, credentials, type ServiceError, status } from "@grpc/grpc-js";
import type { ProbeResult } from "./http-probe.ts";

const serving = 1;

/** HealthCheckRequest: field 1, the service's name. */
function encodeRequest(service: string): Buffer {
  const name = Buffer.from(service);
  if (name.length === 0) return Buffer.alloc(0);
  if (name.length > 127) throw new Error("service name too long");
  return Buffer.concat([Buffer.from([0x0a, name.length]), name]);
}

/** HealthCheckResponse: field 1, the status. */
function decodeResponse(bytes: Buffer): number {
  return bytes.length >= 2 && bytes[0] === 0x08 ? (bytes[1] as number) : 0;
}

export function probeGrpc(host: string, port: number, service: string, timeoutMs: number): Promise<ProbeResult> {
  const address = host.includes(":") ? `[${host}]:${port}` : `${host}:${port}`;
  const client = new Client(address, credentials.createInsecure(), { "grpc.primary_user_agent": "kube-probe/1.36" });
  return new Promise((resolve) => {
    client.makeUnaryRequest(
      "/grpc.health.v1.Health/Check",
      encodeRequest,
      decodeResponse,
      service,
      { deadline: Date.now() + timeoutMs },
      (error: ServiceError | null, value) => {
        client.close();
        if (error === null) {
          resolve(
            value === serving
              ? { outcome: "success", output: "service healthy" }
              : {
                  outcome: "failure",
                  output: `service unhealthy (responded with "${value === 2 ? "NOT_SERVING" : "UNKNOWN"}")`,
                },
          );
        } else if (error.code === status.UNIMPLEMENTED) {
          resolve({
            outcome: "failure",
            output: `error: this server does not implement the grpc health protocol (grpc.health.v1.Health): ${error.details}`,
          });
        } else if (error.code === status.DEADLINE_EXCEEDED) {
          resolve({ outcome: "failure", output: `timeout: health rpc did not complete within ${timeoutMs / 1000}s` });
        } else resolve({ outcome: "failure", output: `error: health rpc probe failed: ${error.details}` });
      },
    );
  });
}
