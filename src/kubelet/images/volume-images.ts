/**
 * Gets the images of a pod's image volumes onto the machine. A failure is kept as a value: only containers that mount
 * the volume are held up by it.
 */
import type { Container } from "../../kinds/generated/core-v1.ts";
import type { Image } from "../cri/generated/messages.ts";
import { StartError } from "../pods/start-error.ts";
import type { EnsureImageInput, ImageManager } from "./image-manager.ts";

/** By the volume's name. */
export type VolumeImages = ReadonlyMap<string, Image | StartError>;

export async function ensureVolumeImages(
  images: ImageManager,
  input: Omit<EnsureImageInput, "image" | "policy">,
): Promise<VolumeImages> {
  const found = new Map<string, Image | StartError>();
  for (const { name, image } of input.pod.spec?.volumes ?? []) {
    if (image === undefined) continue;
    try {
      found.set(
        name,
        await images.ensure({ ...input, image: image.reference ?? "", policy: image.pullPolicy || undefined }),
      );
    } catch (error) {
      if (!(error instanceof StartError)) throw error;
      found.set(name, error);
    }
  }
  return found;
}

/** Why volumes that the container mounts have no image. */
export function missingImages({ volumeMounts = [] }: Container, images: VolumeImages): StartError[] {
  return volumeMounts.map(({ name }) => images.get(name)).filter((found) => found instanceof StartError);
}
