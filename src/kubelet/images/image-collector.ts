/** Removes images that no container uses when the disk fills: above 85 % in use, oldest seen first, down to 80 %. */
import { statfs } from "node:fs/promises";
import type { Clock } from "../../lib/clock.ts";
import { errorChain, type Logger } from "../../lib/log.ts";
import type { Image } from "../cri/generated/messages.ts";
import type { ImageService } from "../cri/image-service.ts";
import type { RuntimeService } from "../cri/runtime-service.ts";

const checkMs = 300_000;
const highShare = 0.85;
const lowShare = 0.8;
/** An image is left alone for this long after it was first seen. */
const minimumAgeMs = 120_000;

export interface ImageCollectorInput {
  readonly images: ImageService;
  readonly runtime: RuntimeService;
  /** Ids of images that are mounted as volumes. */
  mounted(): Promise<ReadonlySet<string>>;
  readonly clock: Clock;
  readonly log: Logger;
  readonly signal: AbortSignal;
}

export interface UnusedImage {
  readonly id: string;
  readonly size: number;
  readonly lastUsed: number;
}

/** The images to remove, in order, to free that many bytes: pure. */
export function chooseImages(unused: readonly UnusedImage[], bytes: number): UnusedImage[] {
  const chosen: UnusedImage[] = [];
  let freed = 0;
  for (const image of [...unused].sort((a, b) => a.lastUsed - b.lastUsed)) {
    if (freed >= bytes) break;
    chosen.push(image);
    freed += image.size;
  }
  return chosen;
}

/** Runs until the signal aborts. */
export async function collectImages(input: ImageCollectorInput): Promise<void> {
  const { images, runtime, clock, log, signal } = input;
  const firstSeen = new Map<string, number>();
  const lastUsed = new Map<string, number>();

  const findUnused = async (): Promise<UnusedImage[]> => {
    const now = clock.now();
    const [all, containers, mounted] = await Promise.all([
      images.listImages(),
      runtime.listContainers(),
      input.mounted(),
    ]);
    const used = new Set([
      ...containers.flatMap(({ image, imageRef }) => [image?.image ?? "", imageRef ?? ""]),
      ...mounted,
    ]);
    const unused: UnusedImage[] = [];
    for (const image of all) {
      const id = image.id ?? "";
      if (!firstSeen.has(id)) firstSeen.set(id, now);
      if (isUsed(image, used)) lastUsed.set(id, now);
      else if (image.pinned !== true && now - (firstSeen.get(id) ?? now) >= minimumAgeMs) {
        unused.push({ id, size: image.size ?? 0, lastUsed: lastUsed.get(id) ?? 0 });
      }
    }
    return unused;
  };

  const collect = async (): Promise<void> => {
    const unused = await findUnused();
    const { imageFilesystems = [] } = await images.imageFileSystems();
    const mountpoint = imageFilesystems[0]?.fsId?.mountpoint;
    if (!mountpoint) return;
    const { blocks, bavail, bsize } = await statfs(mountpoint);
    if (1 - bavail / blocks < highShare) return;
    const bytes = (blocks * (1 - lowShare) - bavail) * bsize;
    for (const { id, size } of chooseImages(unused, bytes)) {
      log.info("removing an unused image", { image: id, size });
      await images.removeImage({ image: id });
    }
  };

  for (;;) {
    await clock.sleep(checkMs, signal).catch(() => undefined);
    if (signal.aborted) return;
    await collect().catch((error) => log.warn("cannot collect images", { error: errorChain(error) }));
  }
}

function isUsed({ id = "", repoTags = [], repoDigests = [] }: Image, used: ReadonlySet<string>): boolean {
  return used.has(id) || [...repoTags, ...repoDigests].some((name) => used.has(name));
}
