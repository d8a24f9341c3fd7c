/**
 * The tag that an image reference names, `latest` where it names neither tag nor digest; empty for a reference by
 * digest alone, and for one that is no valid reference (distribution/reference, ParseNormalizedNamed).
 */
export function imageTag(image: string): string {
  const match = referencePattern.exec(image);
  if (match === null) return "";
  const { tag, digest } = match.groups ?? {};
  if (tag !== undefined) return tag;
  return digest === undefined ? "latest" : "";
}

const component = "[a-z0-9]+(?:(?:[._]|__|-+)[a-z0-9]+)*";
const domain =
  "(?:(?:[a-zA-Z0-9](?:[a-zA-Z0-9-]*[a-zA-Z0-9])?)(?:\\.[a-zA-Z0-9](?:[a-zA-Z0-9-]*[a-zA-Z0-9])?)*|\\[[a-fA-F0-9:]+\\])(?::[0-9]+)?";
const referencePattern = new RegExp(
  `^(?:${domain}/)?${component}(?:/${component})*(?::(?<tag>[\\w][\\w.-]{0,127}))?(?:@(?<digest>[A-Za-z][A-Za-z0-9]*(?:[-_+.][A-Za-z][A-Za-z0-9]*)*:[0-9a-fA-F]{32,}))?$`,
);
