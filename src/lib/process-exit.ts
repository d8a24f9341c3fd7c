/**
 * Two ways for a process to end for certain. Node joins V8's threads when it exits, and a thread that compiles may be
 * waiting for the main thread to collect garbage, which that never does again: the process hangs for good
 * (nodejs/node#54918, not mended in 24.21). docs/decisions/0008-exits-that-end.md has the stacks and the numbers.
 */
import { setFlagsFromString } from "node:v8";

/** For short commands, whose exit code matters: from here on V8 gives its threads nothing to compile. */
export function compileOnMainThread(): void {
  // What remains is the interpreter and Sparkplug, in this thread.
  for (const flag of ["--no-opt", "--no-maglev", "--no-concurrent-sparkplug"]) setFlagsFromString(flag);
}

/**
 * For services, whose exit code nobody asks for and which want their optimizing compilers: when the process exits, for
 * whatever reason, it kills itself after the listeners of `exit` that were there before.
 */
export function killAtExit(): void {
  // Node itself tells of an uncaught error after `exit`, which is too late then.
  process.on("uncaughtExceptionMonitor", (error) => console.error(error));
  process.on("exit", () => process.kill(process.pid, "SIGKILL"));
}
