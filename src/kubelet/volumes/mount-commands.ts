/** Mounting, and asking what is mounted. */
import { execFile } from "node:child_process";
import { mkdir, readFile } from "node:fs/promises";
import { dirname } from "node:path";
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

export async function isMounted(path: string): Promise<boolean> {
  return (await mountsUnder(path)).includes(path);
}

/** Mounts a tmpfs unless there is a mount already. `bytes`: its limit. */
export async function mountTmpfs(path: string, mode: string, bytes?: number): Promise<void> {
  await mkdir(path, { recursive: true });
  if (await isMounted(path)) return;
  const options = `mode=${mode}${bytes === undefined ? "" : `,size=${bytes}`}`;
  await run("mount", ["-t", "tmpfs", "-o", options, "tmpfs", path]);
}

export interface MountSource {
  readonly type: string;
  readonly source: string;
  readonly options: readonly string[];
}

/** Mounts so that nobody can write there. `path` must exist. */
export async function mountReadOnly(path: string, { type, source, options }: MountSource): Promise<void> {
  if (type === "bind") {
    await run("mount", ["-o", "rbind", source, path]);
    // A bind takes flags only when it is there already.
    await run("mount", ["-o", "remount,ro,bind", path]);
    return;
  }
  const { cwd, options: shorter } = shortenLayers(options);
  await run("mount", ["-t", type, "-o", ["ro", ...shorter].join(","), source, path], { cwd });
}

/** Layers named from the folder that they have in common: the kernel takes one page of options. */
export function shortenLayers(options: readonly string[]): { cwd: string; options: string[] } {
  const prefix = "lowerdir=";
  const layers =
    options
      .find((option) => option.startsWith(prefix))
      ?.slice(prefix.length)
      .split(":") ?? [];
  let cwd = dirname(layers[0] ?? "/");
  while (cwd !== "/" && !layers.every((layer) => layer.startsWith(`${cwd}/`))) cwd = dirname(cwd);
  if (cwd === "/") return { cwd, options: [...options] };
  const shorter = layers.map((layer) => layer.slice(cwd.length + 1)).join(":");
  return { cwd, options: options.map((option) => (option.startsWith(prefix) ? prefix + shorter : option)) };
}

export async function unmountAll(prefix: string): Promise<void> {
  for (const path of await mountsUnder(prefix)) await run("umount", [path]);
}
