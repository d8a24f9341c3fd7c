/**
 * How many keys the objects of one request may have. Upstream has no such limit and pays for it with its threads; here each
 * key costs the one thread about ten microseconds on its way to the store, and what is stored at most, 1.5 MiB, has room
 * for more only where a key and its value together are shorter than 24 bytes.
 */
import { requestEntityTooLarge } from "../errors/status-error.ts";

export const maximumKeys = 65_536;

const quote = 0x22;
const backslash = 0x5c;
const colon = 0x3a;
const isSpace = (code: number | undefined): boolean => code === 0x20 || code === 0x0a || code === 0x0d || code === 0x09;

const tooManyKeys = (): Error => requestEntityTooLarge(`an object may have ${maximumKeys} fields and keys in all`);

/** Counts the keys in JSON text, valid or not, without decoding it. Throws StatusError RequestEntityTooLarge. */
export function checkKeysInText(bytes: Buffer): void {
  let keys = 0;
  for (let start = bytes.indexOf(quote); start >= 0; ) {
    const end = endOfString(bytes, start);
    if (end < 0) return;
    let next = end + 1;
    while (isSpace(bytes[next])) next++;
    if (bytes[next] === colon && ++keys > maximumKeys) throw tooManyKeys();
    start = bytes.indexOf(quote, next);
  }
}

function endOfString(bytes: Buffer, start: number): number {
  for (let end = bytes.indexOf(quote, start + 1); end >= 0; end = bytes.indexOf(quote, end + 1)) {
    let before = end - 1;
    while (bytes[before] === backslash) before--;
    if ((end - before) % 2 === 1) return end;
  }
  return -1;
}

/** Counts the keys of a decoded value. Throws StatusError RequestEntityTooLarge. */
export function checkKeys(value: unknown): void {
  let keys = 0;
  const visit = (node: unknown): void => {
    if (typeof node !== "object" || node === null) return;
    if (Array.isArray(node)) {
      for (const element of node) visit(element);
      return;
    }
    for (const key in node) {
      if (++keys > maximumKeys) throw tooManyKeys();
      visit((node as Record<string, unknown>)[key]);
    }
  };
  visit(value);
}
