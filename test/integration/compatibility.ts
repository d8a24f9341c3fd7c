/**
 * Rows of docs/compatibility.md, written by the tests that try a feature of a client. A client owns one section; the order
 * of sections is the list below and that of rows the order of the tests, so that a run which changes nothing writes nothing.
 * Fed by the *.test.ts files of this folder; feeds the page.
 */
import { readFileSync, renameSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, it, onTestFinished } from "vitest";

const page = join(import.meta.dirname, "../../docs/compatibility.md");

const clients = ["kubectl 1.36", "kubectl 1.32", "Helm", "@kubernetes/client-node", "client-go"] as const;
export type Client = (typeof clients)[number];

const preface = `# Compatibility

Programs that nobody here wrote, against a cluster of mini. Each row is a test in \`test/integration\`; the tests wrote this
page when they last ran: \`scripts/test\` all but client-go, \`.ci/run\` all.
`;

interface Section {
  /** The exact version of the client that ran. */
  readonly version: string;
  /** Feature → did it work, in the order of the page. */
  readonly rows: ReadonlyMap<string, boolean>;
}

/** Reads what `renderPage` wrote; whatever else stands on the page is not kept. */
function parsePage(text: string): Map<string, Section> {
  const sections = new Map<string, Section>();
  for (const block of text.split(/^## /m).slice(1)) {
    const heading = block.slice(0, block.indexOf("\n"));
    const version = /^Version (.*)\.$/m.exec(block)?.[1] ?? "";
    const cells = [...block.matchAll(/^\| (.*) \| (works|fails) \|$/gm)];
    sections.set(heading, { version, rows: new Map(cells.map(([, name = "", result]) => [name, result === "works"])) });
  }
  return sections;
}

/** The whole page, sections in the order of `clients`. */
function renderPage(sections: ReadonlyMap<string, Section>): string {
  const parts = [preface];
  for (const client of clients) {
    const section = sections.get(client);
    if (section === undefined) continue;
    const rows = [...section.rows].map(([name, works]) => `| ${name} | ${works ? "works" : "fails"} |\n`);
    parts.push(`## ${client}\n\nVersion ${section.version}.\n\n| feature | result |\n|---|---|\n${rows.join("")}`);
  }
  return parts.join("\n");
}

function read(): Map<string, Section> {
  try {
    return parsePage(readFileSync(page, "utf8"));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return new Map();
    throw error;
  }
}

/** `results` lacks the features whose test did not run this time: their rows stay as they were. */
function record(client: Client, version: string, features: readonly string[], results: ReadonlyMap<string, boolean>) {
  const sections = read();
  const before = sections.get(client)?.rows;
  const rows = new Map<string, boolean>();
  for (const feature of features) {
    const works = results.get(feature) ?? before?.get(feature);
    if (works !== undefined) rows.set(feature, works);
  }
  sections.set(client, { version, rows });
  const temporary = `${page}.${process.pid}`;
  writeFileSync(temporary, renderPage(sections));
  renameSync(temporary, page);
}

/** Declares a test that is a row of the page: `feature` names it in the client's own words, without a "|". */
export type Feature = (feature: string, test: () => void | Promise<void>) => void;

/**
 * Declares a client's section; call it once for a client, inside the `describe` that holds its tests. `version` is asked
 * when they have run.
 */
export function compatibilityOf(client: Client, version: () => string): Feature {
  const features: string[] = [];
  const results = new Map<string, boolean>();
  afterAll(() => {
    if (results.size > 0) record(client, version(), features, results);
  });
  return (feature, test) => {
    features.push(feature);
    it(feature, async () => {
      onTestFinished(({ task }) => void results.set(feature, task.result?.state === "pass"));
      await test();
    });
  };
}
