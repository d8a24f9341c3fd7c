/** The command line of a script: `--help` prints its usage; what it does not know is refused, with the usage. */
import { type ParseArgsConfig, parseArgs } from "node:util";

/** As `parseArgs`. Ends the process, with 0 or 2, where there is nothing to go on with. */
export function readArguments<T extends ParseArgsConfig>(usage: string, config: T): ReturnType<typeof parseArgs<T>> {
  if (process.argv.includes("--help")) {
    console.log(usage);
    process.exit(0);
  }
  try {
    return parseArgs(config);
  } catch (error) {
    if (!(error instanceof TypeError && "code" in error && String(error.code).startsWith("ERR_PARSE_ARGS")))
      throw error;
    console.error(`${error.message}\n\n${usage}`);
    process.exit(2);
  }
}
