/**
 * What the cache keeps. Each build of mini brings a node image and, for virtual machines, a disk with the executable;
 * every profile notes which of those files its machines were last started from, and what no profile has noted is
 * removed. The lock of the cache orders that with starts, which note their files before they let go of it.
 */
import { readdir, readFile, rm } from "node:fs/promises";
import { join, sep } from "node:path";
import { readFileIfPresent, writeFileAtomically } from "../lib/atomic-file.ts";
import { LockedError, lockFile, waitForLock } from "../lib/lock-file.ts";
import { cacheFolder, miniHome, profileFolder, profilesFolder } from "./home.ts";

/** Unpacking an image onto a slow disk takes a while. */
const lockTimeoutMs = 300_000;

/** Runs `provide`, which puts files into the cache, and notes those that it answers as used by the profile. */
export async function useCache<T>(
  profile: string,
  provide: () => Promise<{ value: T; files: readonly string[]; keepNoted: boolean }>,
): Promise<T> {
  await using _lock = await waitForLock(lockPath(), lockTimeoutMs);
  const { value, files, keepNoted } = await provide();
  const before = keepNoted ? ((await notedFiles(profile)) ?? []) : [];
  await writeFileAtomically(notePath(profile), `${JSON.stringify([...new Set([...before, ...files])], null, 2)}\n`);
  return value;
}

/**
 * Removes images and disks of the cache that no profile has noted, but for `keep`. Nothing is removed while another
 * mini works on the cache, or where a profile has no note, made by an older mini. Answers what was removed.
 */
export async function pruneCache(keep: readonly string[]): Promise<string[]> {
  try {
    await using _lock = await lockFile(lockPath());
    const used = await usedFiles();
    return used === undefined ? [] : await removeUnused([...used, ...keep]);
  } catch (error) {
    if (error instanceof LockedError) return [];
    throw error;
  }
}

/** Prunes and tells of it. What is left over costs room and nothing else, so a failure is only told of, too. */
export async function tidyCache(
  keep: readonly string[],
  tell: { info(message: string): void; warning(message: string): void },
): Promise<void> {
  try {
    const removed = await pruneCache(keep);
    if (removed.length > 0) tell.info(`Removed from the cache, as no profile uses it: ${removed.join(", ")}`);
  } catch (error) {
    tell.warning(`The cache cannot be tidied: ${error instanceof Error ? error.message : String(error)}`);
  }
}

/** Undefined when it is not known of every profile. */
async function usedFiles(): Promise<string[] | undefined> {
  const used: string[] = [];
  for (const entry of await entriesOf(profilesFolder())) {
    const noted = entry.isDirectory() ? await notedFiles(entry.name) : [];
    if (noted === undefined) return undefined;
    used.push(...noted);
  }
  return used;
}

async function removeUnused(used: readonly string[]): Promise<string[]> {
  const removed: string[] = [];
  const mounts = await readFile("/proc/self/mounts", "utf8");
  const remove = async (path: string): Promise<void> => {
    await rm(path, { recursive: true, force: true });
    removed.push(path);
  };
  for (const entry of await entriesOf(cacheFolder())) {
    const folder = join(cacheFolder(), entry.name);
    if (!entry.isDirectory() || !entry.name.startsWith("image-")) continue;
    // A mounted one has a container above it, or had; that container's removal unmounts it.
    if (!used.some((path) => path.startsWith(folder + sep)) && !mounts.includes(` ${mountName(folder)}/`)) {
      await remove(folder);
      continue;
    }
    for (const { name } of await entriesOf(folder)) {
      const path = join(folder, name);
      if (/^mini-[0-9a-f]+\.iso$/.test(name) && !used.includes(path)) await remove(path);
    }
  }
  return removed;
}

/** As the kernel writes it in its table of mounts. */
function mountName(path: string): string {
  return path.replaceAll(/[ \t\n\\]/g, (character) => `\\${character.charCodeAt(0).toString(8).padStart(3, "0")}`);
}

async function notedFiles(profile: string): Promise<string[] | undefined> {
  const text = await readFileIfPresent(notePath(profile));
  if (text === undefined) return undefined;
  try {
    const files: unknown = JSON.parse(text);
    return Array.isArray(files) ? files.map(String) : undefined;
  } catch {
    // Not known is what keeps everything.
    return undefined;
  }
}

/** None where there is no such folder; one that cannot be read is no reason to think that nothing is used. */
async function entriesOf(folder: string) {
  return await readdir(folder, { withFileTypes: true }).catch((error: NodeJS.ErrnoException) => {
    if (error.code === "ENOENT") return [];
    throw error;
  });
}

function lockPath(): string {
  return join(miniHome(), "locks", "cache");
}

function notePath(profile: string): string {
  return join(profileFolder(profile), "cache.json");
}
