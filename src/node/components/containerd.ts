/**
 * containerd as seen by the node agent. Init runs it (so that containers survive whatever happens above it) from the
 * image's configuration; this component waits until it answers, watches that it goes on doing so, and imports the
 * container images that the node image carries, once for each version of them.
 */
import { execFile } from "node:child_process";
import { mkdir, readdir, readFile, stat, writeFile } from "node:fs/promises";
import { connect } from "node:net";
import { join } from "node:path";
import { promisify } from "node:util";
import { type Clock, systemClock } from "../../lib/clock.ts";
import type { Component } from "../../lib/component.ts";
import { createLogger } from "../../lib/log.ts";
import { nodePaths } from "../config.ts";

const run = promisify(execFile);
const logger = createLogger("containerd");
const START_POLL_MS = 50;
const WATCH_MS = 5_000;

export function createContainerdWatch(clock: Clock = systemClock): Component {
  return {
    name: "containerd",
    async start(signal) {
      while (!(await answers(nodePaths.containerdSocket))) await clock.sleep(START_POLL_MS, signal);
      return { done: watch(clock, signal) };
    },
  };
}

async function watch(clock: Clock, signal: AbortSignal): Promise<void> {
  while (!signal.aborted) {
    await clock.sleep(WATCH_MS, signal).catch(() => undefined);
    if (signal.aborted) return;
    if (!(await answers(nodePaths.containerdSocket)))
      throw new Error("containerd does not answer; init starts it again");
  }
}

/** Whether something accepts connections at a Unix socket. */
async function answers(path: string): Promise<boolean> {
  return await new Promise((resolve) => {
    const socket = connect(path);
    socket.on("connect", () => {
      socket.destroy();
      resolve(true);
    });
    socket.on("error", () => resolve(false));
  });
}

/** Ends when the images are in containerd; what was imported before is left alone. */
export function createCarriedImages(folder: string = nodePaths.carriedImages): Component {
  return {
    name: "carried-images",
    async start(signal) {
      await importCarriedImages(folder, signal);
      const { promise, resolve } = Promise.withResolvers<void>();
      signal.addEventListener("abort", () => resolve(), { once: true });
      return { done: promise };
    },
  };
}

async function importCarriedImages(folder: string, signal: AbortSignal): Promise<void> {
  const marks = join(nodePaths.data, "mini", "imported");
  await mkdir(marks, { recursive: true });
  for (const archive of (await readdir(folder)).filter((name) => name.endsWith(".tar")).sort()) {
    const version = (await readFile(join(folder, `${archive}.sha256`), "utf8")).trim();
    const mark = join(marks, version);
    if (await exists(mark)) continue;
    await run("ctr", ["--namespace", "k8s.io", "images", "import", join(folder, archive)], { signal });
    await writeFile(mark, archive);
    logger.info("images imported", { archive });
  }
}

async function exists(path: string): Promise<boolean> {
  return await stat(path).then(
    () => true,
    () => false,
  );
}
