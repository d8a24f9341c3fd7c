/**
 * One command of mini, interrupted by one signal after some time, and what follows: `status` answers, and either a
 * `start` leads to a cluster that works or a `delete` leaves nothing. Answers what went wrong, in sentences.
 */
import { spawn } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { leftovers } from "../../e2e/leftovers.ts";
import { type CommandResult, type MiniCli, miniPath } from "../../e2e/mini-cli.ts";

export const interruptedCommands = ["start", "start of a stopped one", "stop", "delete"] as const;
export type InterruptedCommand = (typeof interruptedCommands)[number];
export const interruptingSignals = ["SIGINT", "SIGTERM", "SIGKILL"] as const;
export type InterruptingSignal = (typeof interruptingSignals)[number];

export interface Interrupt {
  readonly command: InterruptedCommand;
  readonly signal: InterruptingSignal;
  readonly afterMs: number;
  /** What is tried next. */
  readonly next: "start" | "delete";
}

const start = ["start", "--driver=runc", "--wait=apiserver,node_ready"];

/** Leads to where the command begins; answers its words. */
export async function prepareCommand(cli: MiniCli, command: InterruptedCommand): Promise<readonly string[]> {
  await cli.succeed(...(command === "start" ? ["delete"] : start));
  if (command === "start of a stopped one") await cli.succeed("stop");
  return command === "stop" || command === "delete" ? [command] : start;
}

export async function interrupt(cli: MiniCli, { command, signal, afterMs, next }: Interrupt): Promise<string[]> {
  const words = await prepareCommand(cli, command);
  const { result, subnet } = await runInterrupted(cli, words, { signal, afterMs });
  const faults: string[] = [];
  const check = (holds: boolean, what: string, said: CommandResult): void => {
    if (!holds) faults.push(`${what}: exit code ${said.exitCode}\n${said.stdout}\n${said.stderr}`);
  };
  const traces = () => leftovers({ home: join(cli.home, "mini"), profile: cli.profile, subnet });
  // It may have been done before the signal came, or not have begun: what a signal ends outright gives no code.
  const codes = signal === "SIGKILL" ? [-1, 0] : [-1, 0, 2];
  check(codes.includes(result.exitCode), `${command} after ${signal}`, result);
  if (command === "start" && signal !== "SIGKILL" && result.exitCode !== 0 && traces().length > 0) {
    faults.push(`an interrupted start left: ${traces().join("; ")}`);
  }
  const status = await cli.mini(["status"]);
  check([0, 1, 2, 3, 4, 5, 6, 7, 85].includes(status.exitCode), "status", status);
  check(!/^ +at .*:\d+:\d+/m.test(result.stderr + status.stderr), "a stack", status);
  if (next === "start") {
    const started = await cli.mini([...start, "--wait-timeout=90s"]);
    check(started.exitCode === 0, "the start that followed", started);
    const asked = await cli.mini(["kubectl", "--", "get", "--raw=/readyz"]);
    check(asked.stdout.trim() === "ok", "the API server after the start that followed", asked);
  } else {
    const deleted = await cli.mini(["delete"]);
    check(deleted.exitCode === 0, "the delete that followed", deleted);
    if (traces().length > 0) faults.push(`the delete that followed left: ${traces().join("; ")}`);
  }
  return faults;
}

/** Exit code -1 where the signal ended it. The subnet is the last that the profile was seen with. */
async function runInterrupted(
  cli: MiniCli,
  words: readonly string[],
  { signal, afterMs }: Pick<Interrupt, "signal" | "afterMs">,
): Promise<{ result: CommandResult; subnet: string | undefined }> {
  let subnet = readSubnet(cli);
  const looking = setInterval(() => {
    subnet = readSubnet(cli) ?? subnet;
  }, 20);
  const child = spawn(miniPath, words, { env: cli.environment(), stdio: ["ignore", "pipe", "pipe"] });
  const texts = { stdout: "", stderr: "" };
  for (const stream of ["stdout", "stderr"] as const) {
    child[stream].on("data", (chunk: Buffer) => {
      texts[stream] += chunk.toString();
    });
  }
  const timer = setTimeout(() => child.kill(signal), afterMs);
  const exitCode = await new Promise<number>((resolve) => child.on("close", (code) => resolve(code ?? -1)));
  clearTimeout(timer);
  clearInterval(looking);
  return { result: { exitCode, ...texts }, subnet };
}

function readSubnet(cli: MiniCli): string | undefined {
  try {
    const text = readFileSync(join(cli.home, "mini/profiles", cli.profile, "config.json"), "utf8");
    return (JSON.parse(text) as { network: { subnet: string } }).network.subnet || undefined;
  } catch {
    // There is none at this moment.
    return undefined;
  }
}
