import { expect, it } from "vitest";
import type { Driver, MachineSpec } from "./driver.ts";
import { DriverError } from "./driver-error.ts";
import { type Channel, remoteDriver } from "./root-process.ts";
import { serveDriver } from "./root-service.ts";

/** Two ends whose messages go as JSON, one after the other. */
function pair(): { launcher: Channel; root: Channel; close: () => void } {
  const closing: (() => void)[] = [];
  const listeners: [((message: unknown) => void)[], ((message: unknown) => void)[]] = [[], []];
  const end = (own: 0 | 1): Channel => ({
    send: (message) => {
      const text = JSON.stringify(message);
      queueMicrotask(() => {
        for (const listener of listeners[own === 0 ? 1 : 0]) listener(JSON.parse(text));
      });
    },
    onMessage: (listener) => void listeners[own].push(listener),
    onClose: (listener) => void closing.push(listener),
  });
  const close = (): void => {
    for (const listener of closing) listener();
  };
  return { launcher: end(0), root: end(1), close };
}

const machine = {
  name: "mini",
  profile: "mini",
  folder: "/home/alice/.mini/profiles/mini/machines/mini",
} as MachineSpec;
const signal = new AbortController().signal;

function connect(methods: Partial<Driver>) {
  const { launcher, root, close } = pair();
  const served = serveDriver({ name: "runc", description: "", ...methods } as Driver, root);
  return { driver: remoteDriver(launcher), served, close };
}

it("carries arguments, options and results", async () => {
  const calls: unknown[] = [];
  const { driver } = connect({
    state: async (given) => {
      calls.push(given);
      return "Running";
    },
    stop: async (given, { graceMs, signal: own }) => void calls.push(given, graceMs, own.aborted),
  });
  expect(await driver.state(machine)).toBe("Running");
  expect(await driver.stop(machine, { signal, graceMs: 5000 })).toBeUndefined();
  expect(calls).toEqual([machine, machine, 5000, false]);
});

it("keeps the id and advice of a driver's error, and the code of a system error", async () => {
  const { driver } = connect({
    create: async () => Promise.reject(new DriverError("GUEST_START", "no", { advice: "try" })),
    start: async () => Promise.reject(Object.assign(new Error("full"), { code: "ENOSPC" })),
  });
  const refused = await driver.create(machine, { signal }).catch((error: unknown) => error);
  expect(refused).toBeInstanceOf(DriverError);
  expect(refused).toMatchObject({ id: "GUEST_START", message: "no", advice: "try" });
  await expect(driver.start(machine, { signal })).rejects.toMatchObject({ message: "full", code: "ENOSPC" });
});

it("aborts a call at the other end, waits for what that undoes and rejects with this end's reason", async () => {
  let undone = false;
  const { driver } = connect({
    start: (_, options) =>
      new Promise((_resolve, reject) =>
        options.signal.addEventListener("abort", () => {
          undone = true;
          reject(options.signal.reason);
        }),
      ),
  });
  const abort = new AbortController();
  const reason = new Error("Ctrl-C");
  const starting = driver.start(machine, { signal: abort.signal });
  abort.abort(reason);
  await expect(starting).rejects.toBe(reason);
  expect(undone).toBe(true);
});

it("takes back what it was at when the launcher ends, and ends then", async () => {
  let undone = false;
  const { driver, served, close } = connect({
    create: (_, options) =>
      new Promise((_resolve, reject) =>
        options.signal.addEventListener("abort", () => {
          undone = true;
          reject(options.signal.reason);
        }),
      ),
    state: async () => "Running",
  });
  const creating = driver.create(machine, { signal });
  await driver.state(machine);
  close();
  await expect(creating).rejects.toThrow("has ended");
  await served;
  expect(undone).toBe(true);
  await expect(driver.state(machine)).rejects.toThrow("has ended");
});

it("runs the methods of Driver and nothing else", async () => {
  const { launcher, root } = pair();
  void serveDriver({ name: "runc", description: "" } as Driver, root);
  const reply = new Promise((resolve) => launcher.onMessage(resolve));
  launcher.send({ id: 1, method: "constructor", argument: "process.exit()" });
  expect(await reply).toMatchObject({ id: 1, failure: { message: expect.stringContaining("has no method") } });
});
