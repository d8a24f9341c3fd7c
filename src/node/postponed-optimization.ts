/**
 * Keeps V8's optimizing compilers out of a process's start. What runs then runs seldom again, and under software
 * emulation the compilers' own code, and what they write, have to be translated once more.
 */
import { setFlagsFromString } from "node:v8";

/** A start that takes longer than this meets real work. */
const LIMIT_MS = 60_000;

/** Postpones it until the function that is returned is called (again and again does no harm), or for a minute. */
export function postponeOptimization(): () => void {
  // Not --no-sparkplug: V8 does not take that one back while it runs.
  for (const flag of ["--no-opt", "--no-maglev"]) setFlagsFromString(flag);
  const timer = setTimeout(resume, LIMIT_MS).unref();
  let resumed = false;
  function resume(): void {
    if (resumed) return;
    resumed = true;
    clearTimeout(timer);
    for (const flag of ["--opt", "--maglev"]) setFlagsFromString(flag);
  }
  return resume;
}
