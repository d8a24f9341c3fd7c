/** hostPath volumes: a path of the node, checked or made as the volume's type says. */
import { mkdir, open, stat } from "node:fs/promises";
import { dirname } from "node:path";
import type { HostPathVolumeSource } from "../../kinds/generated/core-v1.ts";

/** Throws in upstream's words when the path is not what the type says. */
export async function prepareHostPath({ path, type = "" }: HostPathVolumeSource): Promise<string> {
  const found = await stat(path).catch(() => undefined);
  const fail = (what: string): never => {
    throw new Error(`hostPath type check failed: ${path} is not ${what}`);
  };
  switch (type) {
    case "DirectoryOrCreate":
      if (found === undefined) await mkdir(path, { recursive: true, mode: 0o755 });
      else if (!found.isDirectory()) fail("a directory");
      break;
    case "Directory":
      if (found?.isDirectory() !== true) fail("a directory");
      break;
    case "FileOrCreate":
      if (found === undefined) {
        if ((await stat(dirname(path)).catch(() => undefined)) === undefined) {
          throw new Error(`open ${path}: no such file or directory`);
        }
        await (await open(path, "a", 0o644)).close();
      } else if (!found.isFile()) fail("a file");
      break;
    case "File":
      if (found?.isFile() !== true) fail("a file");
      break;
    case "Socket":
      if (found?.isSocket() !== true) fail("a socket");
      break;
    case "CharDevice":
      if (found?.isCharacterDevice() !== true) fail("a character device");
      break;
    case "BlockDevice":
      if (found?.isBlockDevice() !== true) fail("a block device");
      break;
    default:
      // The runtime would refuse a missing source; upstream leaves making it to the runtime, which makes a directory.
      if (found === undefined) await mkdir(path, { recursive: true, mode: 0o755 });
  }
  return path;
}
