/** Runs the host's tools: argument arrays, never a shell. */
import { DriverError } from "../driver-error.ts";

export interface CommandResult {
  readonly exitCode: number;
  readonly stdout: string;
  readonly stderr: string;
}

export interface CommandOptions {
  readonly input?: string;
  /** File descriptor that takes standard output and error. */
  readonly output?: number;
  readonly signal?: AbortSignal;
}

// Where Debian has ip, nft and runc, which a user's PATH may lack.
const PATH = [process.env["PATH"], "/usr/local/sbin", "/usr/sbin", "/sbin"].join(":");

/** Resolves with whatever exit code. Throws DriverError DRV_RUNC_NOT_FOUND where the program is not there. */
export async function tryCommand(
  program: string,
  args: readonly string[],
  { input, output, signal }: CommandOptions = {},
): Promise<CommandResult> {
  const { execa } = await import("execa");
  const result = await execa(program, args, {
    env: { PATH },
    reject: false,
    stripFinalNewline: false,
    ...(input === undefined ? { stdin: "ignore" as const } : { input }),
    // execa's type knows the descriptors 3 to 9 alone; any that is open here works.
    ...(output === undefined ? {} : { stdout: output as 3, stderr: output as 3, buffer: false as const }),
    ...(signal === undefined ? {} : { cancelSignal: signal }),
  });
  if (result.isCanceled) signal?.throwIfAborted();
  if ((result as { cause?: NodeJS.ErrnoException }).cause?.code === "ENOENT")
    throw new DriverError("DRV_RUNC_NOT_FOUND", `the program ${program} is not installed`, { cause: result });
  return { exitCode: result.exitCode ?? 1, stdout: String(result.stdout ?? ""), stderr: String(result.stderr ?? "") };
}

/** As tryCommand; throws DriverError GUEST_START with the program's own words when it fails. */
export async function command(program: string, args: readonly string[], options?: CommandOptions): Promise<string> {
  const { exitCode, stdout, stderr } = await tryCommand(program, args, options);
  if (exitCode !== 0)
    throw new DriverError("GUEST_START", `${program} ${args.join(" ")}: ${stderr.trim() || `exit code ${exitCode}`}`);
  return stdout;
}
