/** Mounting tmpfs and asking what is mounted. */
import { execFile } from "node:child_process";
import { mkdir, readFile } from "node:fs/promises";
import { promisify } from "node:util";

const run = promisify(execFile);

/** Mount points below `prefix`, deepest first. */
async function mountsUnder(prefix: string): Promise<string[]> {
  const lines = (await readFile("/proc/self/mountinfo", "utf8")).split("\n");
  return lines
    .map((line) => unescapeMount(line.split(" ")[4] ?? ""))
    .filter((path) => path === prefix || path.startsWith(`${prefix}/`))
    .sort((a, b) => b.length - a.length);
}

/** Spaces and such are octal in the kernel's table. */
function unescapeMount(path: string): string {
  return path.replace(/\\(\d{3})/g, (_, octal: string) => String.fromCharCode(Number.parseInt(octal, 8)));
}

/** Mounts a tmpfs unless there is a mount already. `bytes`: its limit. */
export async function mountTmpfs(path: string, mode: string, bytes?: number): Promise<void> {
  await mkdir(path, { recursive: true });
  if ((await mountsUnder(path)).includes(path)) return;
  const options = `mode=${mode}${bytes === undefined ? "" : `,size=${bytes}`}`;
  await run("mount", ["-t", "tmpfs", "-o", options, "tmpfs", path]);
}

export async function unmountAll(prefix: string): Promise<void> {
  for (const path of await mountsUnder(prefix)) await run("umount", [path]);
}
