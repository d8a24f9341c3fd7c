/** The node's own log files under /logs/, as upstream shows them: files as they are, folders as lists of links. */
import { createReadStream } from "node:fs";
import { type FileHandle, readdir } from "node:fs/promises";
import type { ServerResponse } from "node:http";
import { normalize } from "node:path";
import { pipeline } from "node:stream/promises";
import { openBeneath, pathOf } from "../../lib/beneath.ts";
import { encodePath } from "../../lib/request-target.ts";
import { HttpProblem } from "./container-lookup.ts";

/**
 * Answers for a decoded path below `/logs`, such as `/pods/`; links that lead out of the folder lead nowhere. Throws
 * HttpProblem where there is no such file.
 */
export async function sendNodeLogs(folder: string, path: string, response: ServerResponse): Promise<void> {
  // Within the folder whatever it says: `..` at the top of an absolute path goes nowhere.
  const inside = normalize(path || "/").slice(1);
  const found = await openBeneath(folder, inside).catch(() => undefined);
  try {
    await sendFound(found, path, response);
  } finally {
    await found?.close();
  }
}

async function sendFound(found: FileHandle | undefined, path: string, response: ServerResponse): Promise<void> {
  const stats = await found?.stat();
  if (found !== undefined && stats?.isDirectory()) {
    if (path.endsWith("/")) return sendList(pathOf(found), response);
    response.writeHead(301, { location: `${encodePath(path.slice(path.lastIndexOf("/") + 1)) || "logs"}/` }).end();
    return;
  }
  if (found === undefined || stats?.isFile() !== true || path.endsWith("/")) {
    throw new HttpProblem(404, "404 page not found\n");
  }
  response.writeHead(200, { "content-type": "text/plain; charset=utf-8" });
  await pipeline(createReadStream(pathOf(found)), response);
}

async function sendList(folder: string, response: ServerResponse): Promise<void> {
  const entries = await readdir(folder, { withFileTypes: true });
  const names = entries.map((entry) => (entry.isDirectory() ? `${entry.name}/` : entry.name)).sort();
  const lines = names.map(
    (name) => `<a href="${encodeURIComponent(name).replace(/%2F$/, "/")}">${escapeText(name)}</a>`,
  );
  response.writeHead(200, { "content-type": "text/html; charset=utf-8" });
  response.end(`<!doctype html>\n<pre>\n${lines.map((line) => `${line}\n`).join("")}</pre>\n`);
}

const escapeText = (text: string): string =>
  text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;");
