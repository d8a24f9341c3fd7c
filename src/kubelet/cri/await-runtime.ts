import type { Clock } from "../../lib/clock.ts";
import { type CriConnection, connectToRuntime } from "./connection.ts";
import { createRuntimeService, type RuntimeService } from "./runtime-service.ts";

export interface ConnectedRuntime {
  readonly connection: CriConnection;
  readonly runtime: RuntimeService;
  /** Name and version, as nodeInfo reports them: `containerd://1.7.24`. */
  readonly version: string;
}

/** Waits for the runtime, which starts beside the kubelet. Rejects with the signal's reason when that aborts first. */
export async function awaitRuntime(socket: string, clock: Clock, signal: AbortSignal): Promise<ConnectedRuntime> {
  const connection = await connectToRuntime(socket);
  signal.addEventListener("abort", () => connection.close(), { once: true });
  const runtime = createRuntimeService(connection);
  for (let pause = 25; ; pause = Math.min(pause * 1.5, 1000)) {
    try {
      const { runtimeName = "", runtimeVersion = "" } = await runtime.version();
      return { connection, runtime, version: `${runtimeName}://${runtimeVersion}` };
    } catch {
      // Not there yet; a runtime that never comes shows as a node that is not ready.
      await clock.sleep(pause, signal);
    }
  }
}
