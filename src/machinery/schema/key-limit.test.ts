import { expect, it } from "vitest";
import { checkKeys, checkKeysInText, maximumKeys } from "./key-limit.ts";

const tooMany = expect.objectContaining({ code: 413 });
const withKeys = (count: number): Record<string, string> =>
  Object.fromEntries(Array.from({ length: count }, (_, index) => [`k"\\${index}`, '"a":\\']));

it("counts the keys of text and of values alike, and nothing in strings", () => {
  const [most, more] = [withKeys(maximumKeys - 1), withKeys(maximumKeys)];
  for (const nested of [{ data: most }, [most, { a: [{}] }]]) {
    expect(() => checkKeys(nested)).not.toThrow();
    expect(() => checkKeysInText(Buffer.from(JSON.stringify(nested, null, " ")))).not.toThrow();
  }
  for (const nested of [{ data: more }, [more, { a: 1 }]]) {
    expect(() => checkKeys(nested)).toThrow(tooMany);
    expect(() => checkKeysInText(Buffer.from(JSON.stringify(nested)))).toThrow(tooMany);
    expect(() => checkKeysInText(Buffer.from(JSON.stringify(nested).replaceAll('":"', '"  \n:"')))).toThrow(tooMany);
  }
  checkKeysInText(Buffer.from('{"no end: \\'));
  checkKeysInText(Buffer.from(""));
});

it("looks at each byte a few times at the most, whatever the text", () => {
  for (const text of [
    '"'.repeat(3_000_000),
    "\\".repeat(3_000_000),
    `"${"\\".repeat(3_000_000)}`,
    '"\\'.repeat(1_500_000),
  ]) {
    checkKeysInText(Buffer.from(text));
  }
});
