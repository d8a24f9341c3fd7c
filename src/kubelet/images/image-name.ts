/** References to images, as Docker's: `[registry/]repository[:tag][@digest]`. */

const component = "[a-z0-9]+(?:(?:[._]|__|-+)[a-z0-9]+)*";
const domainPart = "(?:[a-zA-Z0-9]|[a-zA-Z0-9][a-zA-Z0-9-]*[a-zA-Z0-9])";
const domain = `(?:${domainPart}(?:\\.${domainPart})*|\\[[a-fA-F0-9:]+\\])(?::[0-9]+)?`;
const pattern = new RegExp(
  `^(?:(${domain})/)?(${component}(?:/${component})*)(?::([\\w][\\w.-]{0,127}))?(?:@([a-z][a-z0-9]*:[a-fA-F0-9]{32,}))?$`,
);

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
  const match = pattern.exec(image);
  if (match === null) {
    return fail(
      pattern.test(image.toLowerCase())
        ? "invalid reference format: repository name must be lowercase"
        : "invalid reference format",
    );
  }
  const [, first, rest = "", tag, digest] = match;
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
