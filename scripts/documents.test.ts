import { existsSync, globSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { expect, it } from "vitest";

const root = join(import.meta.dirname, "..");
const documents = globSync(["*.md", "docs/**/*.md", "images/*.md"], { cwd: root }).sort();

it.each(documents)("%s links to what there is", (document) => {
  const text = readFileSync(join(root, document), "utf8");
  const links = [...text.matchAll(/\]\(([^)#\s]+)[^)]*\)/g)].map(([, target = ""]) => target);
  const missing = links.filter((link) => !/^\w+:/.test(link) && !existsSync(join(root, dirname(document), link)));
  expect(missing).toEqual([]);
});

it("docs/security.md names tests that there are", () => {
  const text = readFileSync(join(root, "docs/security.md"), "utf8");
  const tests = [...text.matchAll(/`([\w/-]+\.test\.ts)`/g)].map(([, path = ""]) => path);
  expect(tests.length).toBeGreaterThan(20);
  const missing = tests.filter((path) => !existsSync(join(root, path.startsWith("test/") ? path : `src/${path}`)));
  expect(missing).toEqual([]);
});
