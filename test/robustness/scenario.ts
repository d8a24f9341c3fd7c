/**
 * A scenario of scripts/robustness. Each is one file of `scenarios/`, named as its subcommand, that exports `scenario`;
 * main.ts finds it there, and nothing else is to be changed for a new one.
 */
export interface Scenario {
  /** One line for --help. */
  readonly summary: string;
  /** Numbers that may be given as `--name=N`, with what they are unless told. */
  readonly options: Readonly<Record<string, { readonly unless: number; readonly summary: string }>>;
  /** Ends what it has begun also when it fails. Throws where nothing could be measured. */
  run(context: ScenarioContext): Promise<readonly Row[]>;
}

export interface ScenarioContext {
  /** The value of one of the scenario's options. */
  option(name: string): number;
  /** Prints a line at once. */
  report(line: string): void;
  /** For curves and logs that outlive the run: .cache/robustness/SCENARIO. */
  readonly folder: string;
  /** Aborts at Ctrl-C. */
  readonly signal: AbortSignal;
}

/** One line of the table. */
export interface Row {
  /** What was done: `kills of the control plane under writes`. */
  readonly what: string;
  /** What came out, with its unit: `0 lost of 18,297`. */
  readonly figure: string;
  /** What it has to be: `0`, `≤ 5 %`. */
  readonly target: string;
  readonly met: boolean;
}
