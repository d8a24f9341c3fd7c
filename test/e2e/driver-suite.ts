/**
 * What every driver does the same, run against each that the machine can run: runc here, qemu2 and libvirt's own test
 * driver in libvirt.test.ts. Nothing of Kubernetes is needed: the machine is given a `mini` that waits.
 */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Driver, MachineSpec } from "../../src/drivers/driver.ts";

export interface DriverSuiteOptions {
  readonly driver: Driver;
  /** Paths of a built node image. */
  readonly image: MachineSpec["image"];
  /** Whether machines truly boot: libvirt's test driver only says so. */
  readonly boots: boolean;
  /** How long a boot may take, until init has started what it starts. */
  readonly bootMs: number;
  /** What the host has of this machine beside its folder, in words; nothing when it was removed. */
  readonly leftovers: (machine: MachineSpec) => Promise<readonly string[]>;
}

const signal = new AbortController().signal;

/** Prints to the console when started, as evidence of a boot. */
const waitingBinary = "#!/bin/sh\necho mini-was-started > /dev/console\nexec sleep 100000\n";

export function describeDriver(name: string, options: DriverSuiteOptions): void {
  const { driver, image, boots, bootMs, leftovers } = options;

  describe(`driver ${name}`, () => {
    let folder = "";
    let machine: MachineSpec;

    beforeAll(async () => {
      folder = mkdtempSync(join(tmpdir(), "mini-driver-"));
      const network = await driver.allocateNetwork([], { signal });
      machine = makeMachine(folder, image, network);
    });
    afterAll(async () => {
      await driver.remove(machine, { signal });
      rmSync(folder, { recursive: true });
    });

    const eventually = async (probe: () => Promise<boolean>, withinMs: number): Promise<boolean> => {
      for (const deadline = Date.now() + withinMs; Date.now() < deadline; ) {
        if (await probe()) return true;
        await new Promise((resolve) => setTimeout(resolve, 100));
      }
      return await probe();
    };

    it("finds a subnet that is not among those taken", async () => {
      const first = await driver.allocateNetwork([], { signal });
      const second = await driver.allocateNetwork([first.subnet], { signal });
      expect(second.subnet).not.toBe(first.subnet);
      expect(second.gateway).toBe(second.subnet.replace(/0\/24$/, "1"));
    });

    it("makes a machine, twice with the same effect", async () => {
      expect(await driver.state(machine)).toBe("Nonexistent");
      await driver.create(machine, { signal });
      await driver.create(machine, { signal });
      expect(await driver.state(machine)).toBe("Stopped");
    });

    it("boots it, twice with the same effect, and shows its console", async () => {
      await driver.start(machine, { signal });
      await driver.start(machine, { signal });
      expect(await driver.state(machine)).toBe("Running");
      if (!boots) return;
      const started = async (): Promise<boolean> => (await driver.consoleLog(machine)).includes("mini-was-started");
      expect(await eventually(started, bootMs)).toBe(true);
    });

    it("stops it, and starts it again", async () => {
      await driver.stop(machine, { signal, graceMs: boots ? bootMs : 0 });
      expect(await driver.state(machine)).toBe("Stopped");
      await driver.stop(machine, { signal, graceMs: 0 });
      await driver.start(machine, { signal });
      expect(await driver.state(machine)).toBe("Running");
    });

    it("removes it while it runs, twice, and leaves nothing", async () => {
      await driver.remove(machine, { signal });
      expect(await driver.state(machine)).toBe("Nonexistent");
      await driver.remove(machine, { signal });
      expect(await leftovers(machine)).toEqual([]);
    });

    it("leaves nothing when it is aborted", async () => {
      const abort = new AbortController();
      abort.abort(new Error("interrupted"));
      await expect(driver.create(machine, { signal: abort.signal })).rejects.toThrow("interrupted");
      expect(await driver.state(machine)).toBe("Nonexistent");
      await driver.create(machine, { signal });
      const late = new AbortController();
      const starting = driver.start(machine, { signal: late.signal });
      setTimeout(() => late.abort(new Error("interrupted")), 100);
      await starting.catch((error: unknown) => expect(String(error)).toContain("interrupted"));
      await driver.remove(machine, { signal });
      expect(await leftovers(machine)).toEqual([]);
    });
  });
}

function makeMachine(folder: string, image: MachineSpec["image"], network: MachineSpec["network"]): MachineSpec {
  const [binary, seed, own] = ["mini", "seed", "machine"].map((name) => join(folder, name)) as [string, string, string];
  const address = network.gateway.replace(/1$/, "7");
  writeFileSync(binary, waitingBinary, { mode: 0o755 });
  for (const path of [seed, own]) mkdirSync(path);
  const config = {
    version: 1,
    nodeName: "mini-suite",
    role: "control-plane",
    network: { address: `${address}/24`, gateway: network.gateway, nameservers: [] },
    launchedAt: Date.now(),
  };
  writeFileSync(join(seed, "config.json"), JSON.stringify(config, null, 2));
  return {
    name: `mini-suite-${process.pid}`,
    profile: `mini-suite-${process.pid}`,
    cpus: 1,
    memoryMiB: 1024,
    diskMiB: 2048,
    network,
    address,
    macAddress: "52:54:00:5a:17:e0",
    home: folder,
    folder: own,
    image,
    binary,
    seed,
  };
}
