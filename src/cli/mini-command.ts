/** What all commands share: the profile and output flags, an abort signal for Ctrl-C, and printing of the result. */
import { Command } from "@oclif/core/command";
import type { Config } from "@oclif/core/config";
import { custom, string } from "@oclif/core/flags";
import { interruption } from "./interruption.ts";

export type OutputFormat = "text" | "json";

export interface MiniCommandClass {
  readonly flags: Command.Class["flags"];
  readonly baseFlags: Command.Class["flags"];
  readonly args: Command.Class["args"];
  readonly passThrough: boolean;
  id: string;
  new (argv: string[], config: Config): MiniCommand;
}

const outputFlag = custom<OutputFormat>({
  char: "o",
  description: "text, or json for programs",
  options: ["text", "json"],
  default: "text",
});

/** A command's `run` prints its text, if any, with `print`, and answers what `-o json` prints. */
export abstract class MiniCommand extends Command {
  static override baseFlags = {
    profile: string({ char: "p", description: "name of the cluster", default: "mini", env: "MINI_PROFILE" }),
    output: outputFlag(),
  };
  /** Whether what follows `--`, or the first word that is no flag, is taken as it is. */
  static passThrough = false;

  /** What follows `--`, or the first word that is no flag, when `passThrough` is set. oclif's parser never sees it. */
  passed: readonly string[] = [];

  #json = false;

  /** Aborts at SIGINT or SIGTERM; the command then undoes what it has begun and rejects. */
  get signal(): AbortSignal {
    return interruption();
  }

  /** Prints a line, unless the result is to be JSON. */
  print(text: string): void {
    if (!this.#json) process.stdout.write(`${text}\n`);
  }

  /** Runs it, and prints the result when JSON was asked for. The exit code is process.exitCode. */
  async invoke(json: boolean): Promise<void> {
    this.#json = json;
    const result: unknown = await this._run();
    if (json && result !== undefined) process.stdout.write(`${JSON.stringify(result)}\n`);
  }

  protected override async init(): Promise<void> {
    // oclif's own announces itself in a global and looks for deprecated aliases; neither is of use here.
  }

  protected override catch(error: Error): Promise<void> {
    throw error;
  }
}
