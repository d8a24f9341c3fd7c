const component = "[a-z0-9]+(?:(?:[._]|__|-+)[a-z0-9]+)*";
const domain =
  "(?:(?:[a-zA-Z0-9](?:[a-zA-Z0-9-]*[a-zA-Z0-9])?)(?:\\.[a-zA-Z0-9](?:[a-zA-Z0-9-]*[a-zA-Z0-9])?)*|\\[[a-fA-F0-9:]+\\])(?::[0-9]+)?";
/** The grammar of distribution/reference, of names that are not yet normalized: groups domain, path, tag and digest. */
export const referencePattern = new RegExp(
  `^(?:(?<domain>${domain})/)?(?<path>${component}(?:/${component})*)(?::(?<tag>[\\w][\\w.-]{0,127}))?(?:@(?<digest>[A-Za-z][A-Za-z0-9]*(?:[-_+.][A-Za-z][A-Za-z0-9]*)*:[0-9a-fA-F]{32,}))?$`,
);

/**
 * The tag that an image reference names, `latest` where it names neither tag nor digest; empty for a reference by
 * digest alone, and for one that is no valid reference.
 */
export function imageTag(image: string): string {
  const match = referencePattern.exec(image);
  if (match === null) return "";
  const { tag, digest } = match.groups ?? {};
  if (tag !== undefined) return tag;
  return digest === undefined ? "latest" : "";
}
