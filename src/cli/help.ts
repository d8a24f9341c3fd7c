/** Help: the list of commands, and one command with its flags in oclif's layout. */
import { CommandHelp } from "@oclif/core/help";
import { type CommandEntry, commands } from "./commands.ts";
import type { MiniCommandClass } from "./mini-command.ts";
import { loadConfig } from "./parsing.ts";

/** All commands, or those of a topic (`image`). */
export function rootHelp([topic]: readonly string[] = []): string {
  const entries = Object.entries(commands).filter(([id]) => topic === undefined || id.startsWith(`${topic} `));
  const shown = entries.length > 0 ? entries : Object.entries(commands);
  const width = Math.max(...shown.map(([id]) => id.length)) + 2;
  return [
    "A Kubernetes cluster in one file: in a virtual machine or a container on this computer.",
    "",
    "USAGE",
    "  $ mini COMMAND",
    "",
    "COMMANDS",
    ...shown.map(([id, entry]) => `  ${id.padEnd(width)}${entry.summary}`),
    "",
    "mini help COMMAND shows a command's flags.",
  ].join("\n");
}

export async function commandHelp(id: string, entry: CommandEntry, Command: MiniCommandClass): Promise<string> {
  const config = await loadConfig();
  const flags = Object.entries({ ...Command.flags, ...Command.baseFlags }).map(([name, flag]) => [
    name,
    { ...flag, name },
  ]);
  const args = Object.entries(Command.args).map(([name, arg]) => [name, { ...arg, name }]);
  const command = {
    id,
    aliases: [],
    hiddenAliases: [],
    args: Object.fromEntries(args),
    flags: Object.fromEntries(flags),
    summary: entry.summary,
    examples: (Command as { examples?: string[] }).examples,
    description: (Command as { description?: string }).description,
    strict: !Command.passThrough,
  };
  const help = new CommandHelp(command as never, config, { maxWidth: 100, stripAnsi: true });
  return `${entry.summary}\n\n${help.generate()}`;
}
