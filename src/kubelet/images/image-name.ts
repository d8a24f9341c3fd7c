/** References to images, as Docker's: `[registry/]repository[:tag][@digest]`. */
import { referencePattern } from "../../kinds/core/pod/image-name.ts";

export interface ImageName {
  readonly registry: string;
  readonly repository: string;
  readonly tag: string | undefined;
  readonly digest: string | undefined;
}

/** Throws an Error with the sentence that upstream's parser gives. */
export function parseImageName(image: string): ImageName {
  const fail = (why: string): never => {
    throw new Error(`couldn't parse image name "${image}": ${why}`);
  };
  const match = referencePattern.exec(image);
  if (match === null) {
    return fail(
      referencePattern.test(image.toLowerCase())
        ? "invalid reference format: repository name must be lowercase"
        : "invalid reference format",
    );
  }
  const { domain: first, path: rest = "", tag, digest } = match.groups ?? {};
  const registryNamed = first !== undefined && (/[.:]/.test(first) || first === "localhost");
  const path = first !== undefined && !registryNamed ? `${first}/${rest}` : rest;
  if (!registryNamed && path !== path.toLowerCase()) {
    return fail("invalid reference format: repository name must be lowercase");
  }
  return {
    registry: registryNamed ? (first as string) : "docker.io",
    repository: registryNamed || path.includes("/") ? path : `library/${path}`,
    tag,
    digest,
  };
}

/** The image with `:latest` where it names neither tag nor digest. */
export function withDefaultTag(image: string): string {
  const { tag, digest } = parseImageName(image);
  return tag === undefined && digest === undefined ? `${image}:latest` : image;
}
