/** The other end of root-process.ts: runs a driver's methods for the launcher, as root. */
import type { Driver } from "./driver.ts";
import { type Abort, type Call, type Channel, describeFailure, isMethod, type Reply } from "./root-process.ts";

/**
 * Serves calls until the channel closes; resolves when those that ran then have ended, each aborted, so that a launcher
 * that was killed leaves nothing half-made.
 */
export function serveDriver(driver: Driver, channel: Channel): Promise<void> {
  const running = new Map<number, AbortController>();
  const pending = new Set<Promise<void>>();
  channel.onMessage((message) => {
    if (isAbort(message)) {
      running.get(message.abort)?.abort(new Error("interrupted"));
      return;
    }
    const call = message as Call;
    const controller = new AbortController();
    running.set(call.id, controller);
    const served = run(driver, call, controller.signal).then((reply) => {
      running.delete(call.id);
      channel.send(reply);
    });
    pending.add(served);
    void served.finally(() => pending.delete(served));
  });
  return new Promise((resolve) => {
    channel.onClose(() => {
      for (const controller of running.values()) controller.abort(new Error("the launcher has ended"));
      void Promise.allSettled(pending).then(() => resolve());
    });
  });
}

async function run(driver: Driver, call: Call, signal: AbortSignal): Promise<Reply> {
  const { id, method, argument, options } = call;
  try {
    if (!isMethod(method)) throw new Error(`the runc driver has no method ${String(method)}`);
    const rest = options === undefined ? [] : [{ ...options, signal }];
    // Both ends are one build, and the caller's types are Driver's.
    const value = await (driver[method] as (...args: unknown[]) => Promise<unknown>)(argument, ...rest);
    return { id, value };
  } catch (error) {
    return { id, failure: describeFailure(error) };
  }
}

function isAbort(message: unknown): message is Abort {
  return typeof message === "object" && message !== null && "abort" in message;
}

/** The whole life of the process, given its words. Nothing of the terminal ends it; the launcher's end does. */
export async function runRootService([uid, gid]: readonly string[]): Promise<void> {
  for (const name of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.on(name, () => undefined);
  const [{ createRuncDriver }, { workFor }] = await Promise.all([
    import("./runc/index.ts"),
    import("./runc/root-owned.ts"),
  ]);
  workFor({ uid: Number(uid), gid: Number(gid) });
  await serveDriver(createRuncDriver(), {
    send: (message) => {
      if (process.connected) process.send?.(message as object);
    },
    onMessage: (listener) => void process.on("message", listener),
    onClose: (listener) => void process.on("disconnect", listener),
  });
}
