/**
 * A container that attacks: exchanges what two names stand for, as fast as it can, until it is killed. Arguments: the two
 * paths, on one file system. A name is missing for a moment in each exchange, so that what makes missing folders runs too.
 */
import { existsSync, lstatSync, renameSync, rmSync } from "node:fs";
import { join } from "node:path";

const [, , first = "", second = ""] = process.argv;
const aside = `${second}.aside`;
process.stdout.write("exchanging\n");
for (;;) {
  for (const [from, to] of [
    [first, aside],
    [second, first],
    [aside, second],
  ] as const) {
    try {
      renameSync(from, to);
    } catch {
      takeAway(first);
    }
  }
}

/** A folder that somebody has made while the name was missing; the attacker's own is known by its file. */
function takeAway(path: string): void {
  try {
    if (lstatSync(path).isDirectory() && !existsSync(join(path, "own"))) rmSync(path, { recursive: true });
  } catch {
    // Gone, or being written to: the next exchange tries again.
  }
}
