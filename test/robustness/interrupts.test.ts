/** A few of the points that `scripts/robustness interrupts` tries, the same each time. */
import { afterAll, expect, it } from "vitest";
import { MiniCli } from "../e2e/mini-cli.ts";
import { type Interrupt, interrupt } from "./interrupts/interrupt.ts";

const cli = new MiniCli("itr");
afterAll(() => cli.cleanUp());

it.each<Interrupt>([
  { command: "start", signal: "SIGINT", afterMs: 600, next: "delete" },
  { command: "start", signal: "SIGKILL", afterMs: 500, next: "start" },
  { command: "start of a stopped one", signal: "SIGTERM", afterMs: 400, next: "start" },
  { command: "start of a stopped one", signal: "SIGKILL", afterMs: 250, next: "delete" },
  { command: "stop", signal: "SIGKILL", afterMs: 150, next: "start" },
  { command: "delete", signal: "SIGKILL", afterMs: 120, next: "start" },
])("$signal to $command after $afterMs ms, then $next", async (each) => {
  expect(await interrupt(cli, each)).toEqual([]);
});
