/**
 * Log files in the node: what a process writes to standard error goes to /var/log/mini/<component>.log, by the
 * component named in each line (src/lib/log.ts), and is rotated by size. Lines of warnings and errors go to the console
 * as well, which the launcher shows when a start fails.
 */
import { closeSync, fstatSync, mkdirSync, openSync, renameSync, writeSync } from "node:fs";
import { join } from "node:path";
import { nodePaths } from "./config.ts";

/** A file of this size becomes `.1`, and `.1` becomes `.2`; older lines are dropped. */
const ROTATE_BYTES = 10 * 1024 * 1024;

interface OpenLog {
  descriptor: number;
  size: number;
}

/**
 * Routes lines to files in `folder`; `fallback` is the file for lines that name no component. What cannot be written to
 * its file, as on a disk that is full, goes to the console: whoever logs must not fail for it.
 */
export function createLogRouter(folder: string, fallback: string, toConsole: (line: string) => void) {
  mkdirSync(folder, { recursive: true });
  const open = new Map<string, OpenLog>();

  const openLog = (component: string): OpenLog => {
    const descriptor = openSync(join(folder, `${component}.log`), "a", 0o640);
    const log = { descriptor, size: fstatSync(descriptor).size };
    open.set(component, log);
    return log;
  };

  const rotate = (component: string, { descriptor }: OpenLog): OpenLog => {
    const path = join(folder, `${component}.log`);
    // Forgotten first: should a step below fail, its number may be that of another file.
    open.delete(component);
    closeSync(descriptor);
    moveIfPresent(`${path}.1`, `${path}.2`);
    moveIfPresent(path, `${path}.1`);
    return openLog(component);
  };
  const writeToFile = (component: string, line: string): void => {
    let log = open.get(component) ?? openLog(component);
    if (log.size > ROTATE_BYTES) log = rotate(component, log);
    log.size += writeSync(log.descriptor, line);
  };

  let last = fallback;
  return (text: string): void => {
    for (const line of text.split(/(?<=\n)/)) {
      // Lines without a head (stack traces) belong to the line before.
      const head = /^([DIWE])\d{4} [\d:.]+ ([a-z][a-z0-9-]*)[^\]]*\] /.exec(line);
      last = head?.[2] ?? last;
      let written = true;
      try {
        writeToFile(last, line);
      } catch {
        written = false;
      }
      if (head?.[1] === "E" || !written) toConsole(line);
    }
  };
}

/** The other process of the node may have moved it already. */
function moveIfPresent(from: string, to: string): void {
  try {
    renameSync(from, to);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "ENOENT") throw error;
  }
}

/** Sends standard output and error of this process to the log files. */
export function redirectToLogFiles(fallback: string): void {
  const consoleDescriptor = openConsole();
  const route = createLogRouter(nodePaths.logs, fallback, (line) => {
    if (consoleDescriptor === undefined) return;
    try {
      writeSync(consoleDescriptor, `${line.slice(0, 500).trimEnd()}\n`);
    } catch {
      // There is nobody left to tell.
    }
  });
  for (const stream of [process.stdout, process.stderr]) {
    stream.write = ((chunk: Uint8Array | string, ...rest: unknown[]) => {
      route(typeof chunk === "string" ? chunk : Buffer.from(chunk).toString());
      const callback = rest.find((argument) => typeof argument === "function") as (() => void) | undefined;
      callback?.();
      return true;
    }) as typeof stream.write;
  }
}

function openConsole(): number | undefined {
  try {
    return openSync("/dev/console", "w");
  } catch {
    // A container may have none; the log files hold the same lines.
    return undefined;
  }
}
