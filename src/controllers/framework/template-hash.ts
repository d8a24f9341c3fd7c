import { wordlessAlphabet } from "../../machinery/meta/accessors.ts";
import { canonicalJson } from "./canonical-json.ts";

/** A short, label-safe hash (FNV-1a) of a pod template, the same for templates that are semantically equal. */
export function templateHash(template: unknown, collisionCount = 0): string {
  let hash = 0x811c9dc5;
  const text = `${canonicalJson(template)}${collisionCount > 0 ? collisionCount : ""}`;
  for (let i = 0; i < text.length; i++) hash = Math.imul(hash ^ text.charCodeAt(i), 0x01000193) >>> 0;
  return [...String(hash)].map((digit) => wordlessAlphabet[digit.charCodeAt(0) % wordlessAlphabet.length]).join("");
}
