import type { Plugin, PluginHandle } from "../../framework/types.ts";

const mebibyte = 1024 * 1024;
const minimumSize = 23 * mebibyte;
const maximumSizePerContainer = 1000 * mebibyte;

/** Prefers nodes that have the pod's images, the less the fewer nodes share them, lest all pods gather on one. */
export function createImageLocality({ cache }: PluginHandle): Plugin {
  return {
    name: "ImageLocality",
    events: [],
    scorer({ pod }) {
      const containers = [...(pod.spec?.initContainers ?? []), ...(pod.spec?.containers ?? [])];
      const images = containers.flatMap(({ image = "" }) => cache.images.get(withTag(image)) ?? []);
      if (images.length === 0) return undefined;
      const maximum = maximumSizePerContainer * containers.length;
      const nodeCount = cache.nodes.length;
      return {
        score({ name }) {
          let sum = 0;
          for (const { size, nodes } of images) if (nodes.has(name)) sum += Math.floor((size * nodes.size) / nodeCount);
          const clamped = Math.min(maximum, Math.max(minimumSize, sum));
          return Math.floor((100 * (clamped - minimumSize)) / (maximum - minimumSize));
        },
      };
    },
  };
}

const withTag = (image: string): string =>
  image.lastIndexOf(":") <= image.lastIndexOf("/") ? `${image}:latest` : image;
