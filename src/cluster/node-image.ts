/** The node image and kubectl as files: unpacked from the executable into the cache, or from the source tree's builds. */
import { access } from "node:fs/promises";
import { join } from "node:path";
import { type CarriedFile, type CarriedFiles, readCarriedFiles, unpackCarriedFile } from "../lib/carried-files.ts";
import { isWholeFile, noteWholeFile, removeWholeFile } from "../lib/whole-file.ts";
import { MiniError } from "./errors.ts";
import { cacheFolder } from "./home.ts";

export interface NodeImage {
  readonly kernel: string;
  readonly initrd: string;
  readonly root: string;
  /** The executable that nodes get. */
  readonly binary: string;
}

const files = { kernel: "vmlinuz", initrd: "initrd", root: "root.squashfs" } as const;

/** Unpacks what is not in the cache yet. Throws MK_BINARY_MISSING or MK_IMAGE_MISSING when run from source unbuilt. */
export async function provideNodeImage(): Promise<NodeImage> {
  const { binary, carried } = await findBinary();
  const folder = carried?.files.some((file) => file.name === files.root)
    ? await unpackImage(binary, carried)
    : await sourceImage();
  const [kernel, initrd, root] = [files.kernel, files.initrd, files.root].map((name) => join(folder, name));
  return { kernel: kernel ?? "", initrd: initrd ?? "", root: root ?? "", binary };
}

/** Whether the image still has to be unpacked, which takes a moment. */
export async function nodeImageIsCached(): Promise<boolean> {
  const { carried } = await findBinary();
  return carried === undefined || present(join(imageFolder(carried), files.root));
}

/** Path of the carried kubectl, unpacked; undefined when this build carries none. */
export async function provideKubectl(): Promise<string | undefined> {
  const { binary, carried } = await findBinary().catch(() => ({ binary: "", carried: undefined }));
  const kubectl = carried?.files.find((file) => file.name === "kubectl");
  if (carried === undefined || kubectl === undefined) return undefined;
  const path = join(cacheFolder(), `kubectl-${carried.kubectlVersion || carried.build}`);
  if (!(await isUnpacked(kubectl, path))) await unpack(kubectl, path, binary);
  return path;
}

/** Whether this process runs from the single executable. */
export async function findBinary(): Promise<{ binary: string; carried: CarriedFiles | undefined }> {
  const own = await readCarriedFiles();
  if (own !== undefined) return { binary: process.execPath, carried: own };
  const binary = process.env["MINI_BINARY"] || join(sourceRoot(), "dist", "mini");
  if (!(await present(binary))) throw new MiniError("MK_BINARY_MISSING", `${binary} does not exist`);
  return { binary, carried: await readCarriedFiles(binary) };
}

async function unpackImage(binary: string, carried: CarriedFiles): Promise<string> {
  const folder = imageFolder(carried);
  const wanted = carried.files.filter((file) => Object.values<string>(files).includes(file.name));
  const unpacked: string[] = [];
  try {
    for (const file of wanted) {
      const path = join(folder, file.name);
      if (await isUnpacked(file, path)) continue;
      await unpack(file, path, binary);
      unpacked.push(path);
    }
  } catch (error) {
    // A full disk gets its room back.
    for (const path of unpacked) await removeWholeFile(path);
    throw error;
  }
  return folder;
}

/** Whole, too: a disk that was full, a crash or a person may have left half of it. The index has digests of what is stored. */
function isUnpacked({ compression, sha256 }: CarriedFile, path: string): Promise<boolean> {
  return isWholeFile(path, compression === "none" ? sha256 : undefined);
}

async function unpack(file: CarriedFile, path: string, binary: string): Promise<void> {
  await unpackCarriedFile(file, path, binary);
  await noteWholeFile(path);
}

function imageFolder(carried: CarriedFiles): string {
  return join(cacheFolder(), `image-${carried.image}`);
}

async function sourceImage(): Promise<string> {
  const folder = join(sourceRoot(), ".cache", "image");
  if (await present(join(folder, files.root))) return folder;
  throw new MiniError("MK_IMAGE_MISSING", `the node image is not in ${folder}`);
}

function sourceRoot(): string {
  return join(import.meta.dirname, "..", "..");
}

function present(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false,
  );
}
