/** What stands between the shell's words and oclif's parser. */
import { Config } from "@oclif/core/config";
import packageJson from "../../package.json" with { type: "json" };
import type { MiniCommandClass } from "./mini-command.ts";

/**
 * oclif's configuration without looking for commands on disk: commands.ts has them. Nor for a manifest of them: the folder
 * that somebody stands in may have anything in it, be closed to them, or be gone.
 */
export async function loadConfig(): Promise<Config> {
  const pjson = { name: "mini", version: packageJson.version, oclif: { bin: "mini", topicSeparator: " " as const } };
  const config = new Config({ root: "/", pjson: pjson as never, ignoreManifest: true });
  await config.load();
  return config;
}

/** minikube's scripts write `--flag=true` and `--flag=false`; oclif wants `--flag` and `--no-flag` or nothing. */
export function normalizeBooleans(argv: readonly string[], Command: MiniCommandClass): string[] {
  const flags = { ...Command.baseFlags, ...Command.flags };
  return argv.flatMap((word) => {
    const match = word.match(/^--([a-z-]+)=(true|false)$/);
    const flag = match === null ? undefined : flags[match[1] ?? ""];
    if (match === null || flag === undefined || flag.type !== "boolean") return [word];
    if (match[2] === "true") return [`--${match[1]}`];
    return flag.allowNo === true ? [`--no-${match[1]}`] : [];
  });
}

const flagsWithValue = new Set(["-p", "--profile", "-n", "--node", "-o", "--output"]);

/** Own flags first, then everything after `--` or from the first word that is no flag of ours. */
export function splitPassThrough(argv: readonly string[]): [own: string[], passed: string[]] {
  let index = 0;
  while (index < argv.length) {
    const word = argv[index] ?? "";
    if (word === "--") return [argv.slice(0, index), argv.slice(index + 1)];
    if (flagsWithValue.has(word)) index += 2;
    else if (/^(--(profile|node|output)=|-[pno].|--help$|-h$)/.test(word)) index += 1;
    else break;
  }
  return [argv.slice(0, index), argv.slice(index)];
}
