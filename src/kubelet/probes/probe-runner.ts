/** Runs one probe once: exec, HTTP, TCP or gRPC, within its timeout. */
import { connect } from "node:net";
import type { Container, Probe } from "../../kinds/generated/core-v1.ts";
import { RuntimeError } from "../cri/connection.ts";
import type { RuntimeService } from "../cri/runtime-service.ts";
import { type ProbeResult, probeHttp, resolvePort } from "./http-probe.ts";

export interface ProbeTarget {
  readonly containerId: string;
  readonly container: Container;
  readonly podIP: string;
}

const maximumOutput = 10 * 1024;

export async function runProbe(runtime: RuntimeService, probe: Probe, target: ProbeTarget): Promise<ProbeResult> {
  const timeoutSeconds = probe.timeoutSeconds ?? 1;
  try {
    if (probe.exec !== undefined) {
      return await probeExec(runtime, probe.exec.command ?? [], target.containerId, timeoutSeconds);
    }
    if (probe.httpGet !== undefined) {
      const input = { action: probe.httpGet, timeoutMs: timeoutSeconds * 1000, agent: "kube-probe" as const };
      return await probeHttp({ ...input, ...target });
    }
    if (probe.tcpSocket !== undefined) {
      const { host, port } = probe.tcpSocket;
      return await probeTcp(host || target.podIP, resolvePort(port, target.container), timeoutSeconds * 1000);
    }
    if (probe.grpc !== undefined) {
      const { probeGrpc } = await import("./grpc-probe.ts");
      return await probeGrpc(target.podIP, probe.grpc.port, probe.grpc.service ?? "", timeoutSeconds * 1000);
    }
    return { outcome: "success", output: "" };
  } catch (error) {
    return { outcome: "failure", output: (error as Error).message };
  }
}

async function probeExec(
  runtime: RuntimeService,
  command: readonly string[],
  containerId: string,
  timeoutSeconds: number,
): Promise<ProbeResult> {
  try {
    const { exitCode, stdout, stderr } = await runtime.execSync(containerId, command, timeoutSeconds);
    const output = Buffer.concat([stdout, stderr]).subarray(0, maximumOutput).toString();
    return { outcome: exitCode === 0 ? "success" : "failure", output };
  } catch (error) {
    // A command that is still running at its deadline.
    if (error instanceof RuntimeError && error.code === 4) {
      return {
        outcome: "failure",
        output: `command timed out: "${command.join(" ")}" timed out after ${timeoutSeconds}s`,
      };
    }
    return { outcome: "unknown", output: (error as Error).message };
  }
}

function probeTcp(host: string, port: number, timeoutMs: number): Promise<ProbeResult> {
  return new Promise((resolve) => {
    const socket = connect({ host, port });
    const finish = (result: ProbeResult): void => {
      clearTimeout(timer);
      socket.destroy();
      resolve(result);
    };
    const timer = setTimeout(
      () => finish({ outcome: "failure", output: `dial tcp ${host}:${port}: i/o timeout` }),
      timeoutMs,
    );
    socket.once("connect", () => finish({ outcome: "success", output: "" }));
    socket.once("error", (error: NodeJS.ErrnoException) => {
      const why = error.code === "ECONNREFUSED" ? "connect: connection refused" : error.message;
      finish({ outcome: "failure", output: `dial tcp ${host}:${port}: ${why}` });
    });
  });
}
