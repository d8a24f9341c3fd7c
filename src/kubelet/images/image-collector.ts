/**
 * Removes images that no container uses: when the disk fills, oldest seen first, until enough is free; and all of them
 * when pods would have to be evicted otherwise.
 */
import { statfs } from "node:fs/promises";
import type { Clock } from "../../lib/clock.ts";
import { errorChain, type Logger } from "../../lib/log.ts";
import type { Image } from "../cri/generated/messages.ts";
import type { ImageService } from "../cri/image-service.ts";
import type { RuntimeService } from "../cri/runtime-service.ts";
import type { Counters } from "../stats/counters.ts";

const checkMs = 300_000;
/** An image is left alone for this long after it was first seen. */
const minimumAgeMs = 120_000;

export interface ImageCollectorInput {
  readonly images: Pick<ImageService, "listImages" | "removeImage" | "imageFileSystems">;
  readonly runtime: Pick<RuntimeService, "listContainers">;
  /** Ids of images that are mounted as volumes. */
  mounted(): Promise<ReadonlySet<string>>;
  readonly shares: ImageShares;
  readonly counters: Pick<Counters, "add">;
  readonly clock: Clock;
  readonly log: Logger;
}

/** Of the disk's space in use, 0 to 1: above which images are removed (1: never), and down to which. */
export interface ImageShares {
  readonly high: number;
  readonly low: number;
}

export interface ImageCollector {
  /** Looks every five minutes until the signal aborts. */
  run(signal: AbortSignal): Promise<void>;
  /** Removes every unused image but new ones. Throws RuntimeError. */
  removeUnused(): Promise<void>;
  /** Where the runtime keeps images. Throws RuntimeError. */
  folder(): Promise<string>;
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

/**
 * Upstream's flags and defaults in percent. A disk that others fill as well tells nothing of what images take, and is left
 * alone unless a flag says otherwise.
 */
export function imageShares(flags: Readonly<Record<string, string>>, diskIsShared: boolean): ImageShares {
  const high = Number(flags["image-gc-high-threshold"] ?? (diskIsShared ? 100 : 85));
  const low = Number(flags["image-gc-low-threshold"] ?? 80);
  if (!(low >= 0 && low < high && high <= 100)) {
    throw new Error(`image-gc-low-threshold ${low} must be lower than image-gc-high-threshold ${high}, both 0 to 100`);
  }
  return { high: high / 100, low: low / 100 };
}

export function createImageCollector(input: ImageCollectorInput): ImageCollector {
  const { images, runtime, shares, counters, clock, log } = input;
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

  const remove = async (chosen: readonly UnusedImage[]): Promise<void> => {
    for (const { id, size } of chosen) {
      log.info("removing an unused image", { image: id, size });
      await images.removeImage({ image: id });
      counters.add("kubelet_image_garbage_collected_total", { reason: "space" });
    }
  };

  const folder = async (): Promise<string> => {
    const { imageFilesystems = [] } = await images.imageFileSystems();
    const mountpoint = imageFilesystems[0]?.fsId?.mountpoint;
    if (!mountpoint) throw new Error("the runtime does not say where it keeps images");
    return mountpoint;
  };

  const collect = async (): Promise<void> => {
    // Also when there is room: it is how their age is known.
    const unused = await findUnused();
    if (shares.high === 1) return;
    const { blocks, bavail, bsize } = await statfs(await folder());
    if (1 - bavail / blocks < shares.high) return;
    await remove(chooseImages(unused, (blocks * (1 - shares.low) - bavail) * bsize));
  };

  return {
    async run(signal) {
      for (;;) {
        await clock.sleep(checkMs, signal).catch(() => undefined);
        if (signal.aborted) return;
        await collect().catch((error) => log.warn("cannot collect images", { error: errorChain(error) }));
      }
    },
    async removeUnused() {
      await remove(chooseImages(await findUnused(), Number.POSITIVE_INFINITY));
    },
    folder,
  };
}

function isUsed({ id = "", repoTags = [], repoDigests = [] }: Image, used: ReadonlySet<string>): boolean {
  return used.has(id) || [...repoTags, ...repoDigests].some((name) => used.has(name));
}
