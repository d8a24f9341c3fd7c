/**
 * Whose files a command makes. Called through sudo it works for the person who called: their MINI_HOME and kubeconfig, as
 * that person and no longer as root. Machines of the runc driver are made by a process that stays root
 * (src/drivers/root-process.ts). Root without sudo, and a MINI_HOME that was given and is root's, stay root's.
 */
import { dirname } from "node:path";
import { MiniError } from "../cluster/errors.ts";
import { isRootsHome } from "../cluster/home.ts";
import { startRootProcess } from "../drivers/root-process.ts";
import { becomeUser, findInvokingUser } from "../lib/invoking-user.ts";

/** Before anything is read or written. `changesMachines`: whether the command may make, start, stop or remove them. */
export function giveUpRoot({ changesMachines }: { changesMachines: boolean }): void {
  if (process.geteuid?.() !== 0) return;
  const user = findInvokingUser(process.env);
  if (user === undefined || isRootsHome()) return;
  if (changesMachines) startRootProcess(user);
  becomeUser(user);
}

/** What sudo's own PATH has where nobody changed it. */
const secureFolders = ["/usr/local/sbin", "/usr/local/bin", "/usr/sbin", "/usr/bin", "/sbin", "/bin"];

/** A failure for want of root, with the very command that has it; any other as it is. */
export function withSudoAdvice(failure: MiniError, argv: readonly string[]): MiniError {
  if (failure.id !== "DRV_NEEDS_ROOT") return failure;
  // Plain sudo finds the person's folders by itself, unless the environment says where they are.
  const sudo = ["MINI_HOME", "KUBECONFIG", "MINI_PROFILE"].some((name) => process.env[name]) ? "sudo -E" : "sudo";
  const program = secureFolders.includes(dirname(process.execPath)) ? "mini" : process.execPath;
  const advice = [sudo, ...[program, ...argv].map(quote)].join(" ");
  return new MiniError(failure.id, failure.message, { advice, cause: failure.cause });
}

function quote(word: string): string {
  return /^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", `'\\''`)}'`;
}
