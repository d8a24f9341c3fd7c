/** Signals at points spread over the time of each command: whatever is interrupted, the next command works. */
import { MiniCli } from "../../e2e/mini-cli.ts";
import {
  type InterruptedCommand,
  type InterruptingSignal,
  interrupt,
  interruptedCommands,
  interruptingSignals,
  prepareCommand,
} from "../interrupts/interrupt.ts";
import type { Row, Scenario, ScenarioContext } from "../scenario.ts";

export const scenario: Scenario = {
  summary: "SIGINT, SIGTERM and SIGKILL at points of start, stop and delete on runc, each followed by start or delete",
  options: { points: { unless: 50, summary: "points of each command for each signal" } },
  async run(context) {
    const cli = new MiniCli("int");
    const rows: Row[] = [];
    try {
      await cli.succeed("start", "--driver=runc");
      for (const command of interruptedCommands) {
        const takesMs = await duration(cli, command);
        context.report(`${command} takes ${takesMs.toFixed(0)} ms`);
        for (const signal of interruptingSignals)
          rows.push(await interruptAll(cli, context, { command, signal, takesMs }));
      }
    } finally {
      await cli.cleanUp();
    }
    return rows;
  },
};

/** The median of three. */
async function duration(cli: MiniCli, command: InterruptedCommand): Promise<number> {
  const times: number[] = [];
  for (let run = 0; run < 3; run++) {
    const words = await prepareCommand(cli, command);
    const begun = performance.now();
    await cli.succeed(...words);
    times.push(performance.now() - begun);
  }
  return times.sort((a, b) => a - b)[1] ?? 0;
}

async function interruptAll(
  cli: MiniCli,
  context: ScenarioContext,
  { command, signal, takesMs }: { command: InterruptedCommand; signal: InterruptingSignal; takesMs: number },
): Promise<Row> {
  const points = context.option("points");
  let wrong = 0;
  for (let point = 0; point < points; point++) {
    context.signal.throwIfAborted();
    const afterMs = ((point + 0.5) / points) * takesMs;
    const next = point % 2 === 0 ? "start" : "delete";
    const faults = await interrupt(cli, { command, signal, afterMs, next });
    if (faults.length > 0) wrong++;
    for (const fault of faults) context.report(`${command}, ${signal} after ${afterMs.toFixed(0)} ms: ${fault}`);
  }
  context.report(`${command}, ${signal}: ${wrong} of ${points} wrong`);
  const what = `${signal} at ${points} points of ${command}, then start or delete`;
  return { what, figure: `${wrong} wrong`, target: "0", met: wrong === 0 };
}
