/**
 * The command line: finds the command, parses its flags with oclif, prints its result or its failure and sets the exit
 * code. Fed by bin/; drives src/cluster. File path = command; commands.ts lists them with how to load each.
 */
import { errorRegister, MiniError } from "../cluster/errors.ts";
import { checkHome } from "../cluster/home.ts";
import { rootProcessCommand } from "../drivers/root-process.ts";
import { type CommandEntry, commands } from "./commands.ts";
import { failureJson, failureText, toFailure } from "./failure.ts";
import { giveUpRoot, withSudoAdvice } from "./privileges.ts";

/** Runs one command line (without the program's name) and ends the process with the documented exit code. */
export async function run(argv: readonly string[]): Promise<never> {
  if (argv[0] === rootProcessCommand && process.send !== undefined) {
    const { runRootService } = await import("../drivers/root-service.ts");
    await runRootService(argv.slice(1));
    process.exit(0);
  }
  const json = wantsJson(argv);
  try {
    await dispatch(argv, json);
  } catch (error) {
    const failure = withHelpAdvice(withSudoAdvice(toFailure(error), argv), argv);
    if (json) process.stdout.write(`${failureJson(failure)}\n`);
    else process.stderr.write(`${failureText(failure)}\n`);
    process.exitCode = failure.exitCode;
  }
  // libvirt's threads and pooled connections would keep the process, and pipes are written later.
  await Promise.all(
    [process.stdout, process.stderr].map((stream) => new Promise((resolve) => stream.write("", resolve))),
  );
  process.exit(process.exitCode ?? 0);
}

async function dispatch(argv: readonly string[], json: boolean): Promise<void> {
  const [leading, following] = splitLeadingFlags(argv);
  const words = following[0] === "--version" ? ["version"] : following;
  const wantsHelp = words.length === 0 || ["help", "--help", "-h"].includes(words[0] ?? "");
  const rest = wantsHelp ? words.slice(1) : words;
  const found = findCommand(rest);
  if (wantsHelp && found === undefined) {
    const { rootHelp } = await import("./help.ts");
    process.stdout.write(`${rootHelp(rest)}\n`);
    return;
  }
  if (found === undefined) throw unknownCommand(rest);
  const { default: Command } = await found.entry.load();
  const { loadConfig, normalizeBooleans, splitPassThrough } = await import("./parsing.ts");
  Command.id = found.id;
  const all = [...leading, ...found.argv];
  const [own, passed] = Command.passThrough ? splitPassThrough(all) : [all, []];
  if (wantsHelp || asksForHelp(own)) {
    const { commandHelp } = await import("./help.ts");
    process.stdout.write(`${await commandHelp(found.id, found.entry, Command)}\n`);
    return;
  }
  giveUpRoot({ changesMachines: found.entry.changesMachines === true });
  checkHome();
  const command = new Command(normalizeBooleans(own, Command), await loadConfig());
  command.passed = passed;
  await command.invoke(json);
}

/** `mini -p work status` is `mini status -p work`: flags that all commands have may stand first. */
function splitLeadingFlags(argv: readonly string[]): [leading: string[], rest: string[]] {
  let index = 0;
  for (let word = argv[index]; word !== undefined; word = argv[index]) {
    if (/^(-p|-o|--profile|--output)$/.test(word)) index += 2;
    else if (/^(-[po].|--(profile|output)=)/.test(word)) index += 1;
    else break;
  }
  return [argv.slice(0, index), argv.slice(index)];
}

/** The longest command that the words begin with; `profile list` before `profile`. */
function findCommand(words: readonly string[]): { id: string; entry: CommandEntry; argv: string[] } | undefined {
  for (const length of [2, 1]) {
    const id = words.slice(0, length).join(" ");
    const entry = commands[id];
    if (entry !== undefined && words.length >= length) return { id, entry, argv: words.slice(length) };
  }
  return undefined;
}

/** A failure of usage that knows no better advice, with that of the very command. */
function withHelpAdvice(failure: MiniError, argv: readonly string[]): MiniError {
  const found = findCommand(splitLeadingFlags(argv)[1]);
  if (failure.advice !== errorRegister.MK_USAGE.advice || found === undefined) return failure;
  return new MiniError("MK_USAGE", failure.message, { advice: `mini help ${found.id}`, cause: failure.cause });
}

function unknownCommand(words: readonly string[]): MiniError {
  const [first = ""] = words;
  if (first === "node") {
    const message =
      "`mini node` runs a node's processes, inside a machine that `mini start` made, and is not for the host";
    return new MiniError("MK_USAGE", message, { advice: "mini start makes and boots a node, mini ssh logs in to it" });
  }
  const topic = Object.keys(commands).filter((id) => id.startsWith(`${first} `));
  const known = topic.length > 0 ? topic : Object.keys(commands);
  const message = topic.length > 0 ? `"${first}" needs a command of its own` : `there is no command "${first}"`;
  return new MiniError("MK_USAGE", message, { advice: `One of: ${known.map((id) => `mini ${id}`).join(", ")}` });
}

function asksForHelp(argv: readonly string[]): boolean {
  const end = argv.indexOf("--");
  return (end === -1 ? argv : argv.slice(0, end)).some((word) => word === "--help" || word === "-h");
}

/** Looked for before anything is parsed, so that failures of parsing are JSON too. */
function wantsJson(argv: readonly string[]): boolean {
  const end = argv.findIndex((word) => word === "--" || word === "kubectl" || word === "ssh");
  const own = end === -1 ? argv : argv.slice(0, end);
  return own.some(
    (word, index) =>
      /^(-o=?|--output=)json$/.test(word) || (word === "json" && /^(-o|--output)$/.test(own[index - 1] ?? "")),
  );
}
