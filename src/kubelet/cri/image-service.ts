/** The image side of the Container Runtime Interface, typed; each method throws RuntimeError. */
import type { CriConnection } from "./connection.ts";
import type * as cri from "./generated/messages.ts";

export interface ImageService {
  listImages(): Promise<cri.Image[]>;
  /** Undefined: not on the machine. */
  imageStatus(image: cri.ImageSpec): Promise<cri.Image | undefined>;
  /** The snapshot that an image's layers add up to, in containerd's own words. Throws an Error when it is not there. */
  chainId(image: string): Promise<string>;
  /** Resolves with the reference of what was pulled. */
  pullImage(request: cri.PullImageRequest): Promise<string>;
  removeImage(image: cri.ImageSpec): Promise<void>;
  imageFileSystems(): Promise<cri.ImageFsInfoResponse>;
}

export function createImageService(connection: CriConnection): ImageService {
  const call = <R>(method: string, request: object, timeoutMs: number | undefined = 120_000): Promise<R> =>
    connection.call<R>("ImageService", method, request, { timeoutMs });
  return {
    listImages: async () => (await call<cri.ListImagesResponse>("ListImages", {})).images ?? [],
    imageStatus: async (image) => {
      const found = (await call<cri.ImageStatusResponse>("ImageStatus", { image })).image;
      return found?.id ? found : undefined;
    },
    chainId: async (image) => {
      const { info = {} } = await call<cri.ImageStatusResponse>("ImageStatus", { image: { image }, verbose: true });
      const { chainID = "" } = JSON.parse(info["info"] ?? "{}") as { chainID?: string };
      if (chainID === "") throw new Error(`image "${image}" is not on the machine`);
      return chainID;
    },
    pullImage: async (request) =>
      (await connection.call<cri.PullImageResponse>("ImageService", "PullImage", request)).imageRef ?? "",
    removeImage: async (image) => {
      await call("RemoveImage", { image });
    },
    imageFileSystems: () => call("ImageFsInfo", {}),
  };
}
