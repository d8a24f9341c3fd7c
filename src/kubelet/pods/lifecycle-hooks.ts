/** postStart and preStop: a command in the container, an HTTP request, or a pause. */
import type { Container, LifecycleHandler, Pod } from "../../kinds/generated/core-v1.ts";
import type { Clock } from "../../lib/clock.ts";
import type { RuntimeService } from "../cri/runtime-service.ts";
import { probeHttp } from "../probes/http-probe.ts";

export interface HookInput {
  readonly handler: LifecycleHandler;
  readonly containerId: string;
  readonly pod: Pod;
  readonly container: Container;
  readonly podIP: string;
  readonly signal?: AbortSignal | undefined;
}

const httpTimeoutMs = 30_000;

/** Throws an Error with the sentence that goes to the container's status. */
export async function runHook(runtime: RuntimeService, clock: Clock, input: HookInput): Promise<void> {
  const { handler, pod, container } = input;
  const { name = "", namespace = "", uid = "" } = pod.metadata ?? {};
  const where = `for Container "${container.name}" in Pod "${name}_${namespace}(${uid})" failed - error:`;
  if (handler.exec !== undefined) {
    const command = handler.exec.command ?? [];
    const { exitCode, stdout, stderr } = await runtime.execSync(input.containerId, command, 0);
    if (exitCode === 0) return;
    const output = JSON.stringify(Buffer.concat([stdout, stderr]).toString());
    throw new Error(
      `Exec lifecycle hook ([${command.join(" ")}]) ${where} command '${command.join(" ")}' exited with ${exitCode}: , message: ${output}`,
    );
  }
  if (handler.httpGet !== undefined) {
    // Any answer will do: only a request that cannot be made fails the hook.
    const action = handler.httpGet;
    const host = action.host || input.podIP;
    if (host === "")
      throw new Error(`HTTP lifecycle hook (${action.path ?? ""}) ${where} failed to find networking container`);
    const result = await probeHttp({
      action,
      container,
      podIP: host,
      timeoutMs: httpTimeoutMs,
      agent: "kube-lifecycle",
    });
    if (result.outcome !== "success" && !result.output.startsWith("HTTP probe failed")) {
      throw new Error(`HTTP lifecycle hook (${action.path ?? ""}) ${where} ${result.output}`);
    }
    return;
  }
  if (handler.sleep !== undefined) await clock.sleep((handler.sleep.seconds ?? 0) * 1000, input.signal);
}
