/** Checks that docs/dependencies.md has one line for each run-time dependency, and none for others. */
import { readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const root = join(dirname(fileURLToPath(import.meta.url)), "..");
const { dependencies } = JSON.parse(readFileSync(join(root, "package.json"), "utf8")) as {
  dependencies: Record<string, string>;
};
const page = readFileSync(join(root, "docs/dependencies.md"), "utf8");
const rows = [...page.matchAll(/^\| `?([@\w/.-]+)`? \|/gm)].map(([, name]) => name as string);
const listed = rows.filter((name) => name !== "package" && !/^-+$/.test(name));

const missing = Object.keys(dependencies).filter((name) => !listed.includes(name));
const gone = listed.filter((name) => !(name in dependencies));
const twice = listed.filter((name, index) => listed.indexOf(name) !== index);
for (const name of missing) console.error(`docs/dependencies.md has no line for ${name}`);
for (const name of gone) console.error(`docs/dependencies.md lists ${name}, which package.json does not`);
for (const name of twice) console.error(`docs/dependencies.md lists ${name} twice`);
process.exitCode = missing.length + gone.length + twice.length > 0 ? 1 : 0;
