/**
 * A profile's entries in the kubeconfig. The file is edited as a document, so that comments, order and everything else
 * in it stay; it is locked as kubectl locks it, and replaced atomically with mode 0600.
 */
import { realpath, stat } from "node:fs/promises";
import { homedir } from "node:os";
import { delimiter, dirname, join } from "node:path";
import { isDeepStrictEqual } from "node:util";
import { type Document, isMap, isNode, isSeq, parseDocument, type YAMLMap } from "yaml";
import { readFileIfPresent, writeFileAtomically } from "../lib/atomic-file.ts";
import { LockedError, waitForLock } from "../lib/lock-file.ts";
import { MiniError } from "./errors.ts";

export interface ContextEntry {
  /** Name of context, cluster and user. */
  readonly name: string;
  readonly server: string;
  readonly credentials: Credentials;
}

/** Paths of PEM files, or PEM texts to embed. */
export type Credentials =
  | { readonly embed: false; readonly ca: string; readonly certificate: string; readonly key: string }
  | { readonly embed: true; readonly ca: string; readonly certificate: string; readonly key: string };

const lockTimeoutMs = 10_000;

/** $KUBECONFIG's files, or ~/.kube/config. */
export function kubeconfigPaths(): string[] {
  const list = (process.env["KUBECONFIG"] ?? "").split(delimiter).filter((path) => path !== "");
  return list.length > 0 ? list : [join(homedir(), ".kube", "config")];
}

/**
 * Adds or replaces the entries of `entry.name`, in the file that has them already or else the first of the list.
 * `current` makes it the current context. A file that says all that already is not written. Throws HOST_KUBECONFIG_UPDATE when the file cannot be used; it is untouched then.
 */
export async function writeContext(entry: ContextEntry, { current }: { current: boolean }): Promise<void> {
  const paths = kubeconfigPaths();
  const holder = await findHolder(paths, entry.name);
  const [first = ""] = paths;
  await edit(holder ?? first, (document) => {
    const context = { cluster: entry.name, namespace: "default", user: entry.name };
    const changes = [
      upsert(document, "clusters", entry.name, { cluster: clusterOf(entry) }),
      upsert(document, "users", entry.name, { user: userOf(entry.credentials) }),
      upsert(document, "contexts", entry.name, { context }),
      current && document.get("current-context") !== entry.name,
    ];
    if (current) document.set("current-context", entry.name);
    return changes.includes(true);
  });
}

/** Removes the entries of a name from all files of the list; current-context is cleared when it was this one. */
export async function removeContext(name: string): Promise<void> {
  for (const path of kubeconfigPaths()) {
    if ((await readFileIfPresent(path).catch(() => undefined)) === undefined) continue;
    await edit(path, (document) => {
      const removed = ["clusters", "users", "contexts"].map((list) => remove(document, list, name));
      const wasCurrent = document.get("current-context") === name;
      if (wasCurrent) document.set("current-context", "");
      return wasCurrent || removed.includes(true);
    });
  }
}

export type KubeconfigState = "Configured" | "Misconfigured";

/** Whether a context of that name leads to that server. */
export async function contextState(name: string, server: string): Promise<KubeconfigState> {
  for (const path of kubeconfigPaths()) {
    const text = await readFileIfPresent(path).catch(() => undefined);
    if (text === undefined) continue;
    const document = parseDocument(text);
    const cluster = document.errors.length === 0 ? find(document, "clusters", name) : undefined;
    if (cluster !== undefined && find(document, "contexts", name) !== undefined) {
      return cluster.getIn(["cluster", "server"]) === server ? "Configured" : "Misconfigured";
    }
  }
  return "Misconfigured";
}

/**
 * Fails early, before anything is made, when the kubeconfig could not be written later: when a file cannot be read or is
 * none, or when the lock of the one that `name` goes to is held. Nothing is changed.
 */
export async function checkKubeconfig(name: string, patienceMs = lockTimeoutMs): Promise<void> {
  const paths = kubeconfigPaths();
  const [first = ""] = paths;
  const path = (await findHolder(paths, name)) ?? first;
  for (const each of paths) await load(each);
  const target = await realpath(path).catch(() => path);
  // Without its folder, which would be made with the lock, nobody holds it either.
  if ((await stat(dirname(target)).catch(() => undefined)) === undefined) return;
  try {
    await using _lock = await waitForLock(`${target}.lock`, patienceMs);
  } catch (error) {
    throw unusable(path, error);
  }
}

async function edit(path: string, change: (document: Document) => boolean): Promise<void> {
  // A symbolic link stays one: what it leads to is replaced.
  const target = await realpath(path).catch(() => path);
  try {
    await using _lock = await waitForLock(`${target}.lock`, lockTimeoutMs);
    const document = await load(target);
    if (change(document)) await writeFileAtomically(target, document.toString({ lineWidth: 0 }));
  } catch (error) {
    throw unusable(path, error);
  }
}

async function load(path: string): Promise<Document> {
  let text: string | undefined;
  try {
    text = await readFileIfPresent(path);
  } catch (error) {
    throw unusable(path, error);
  }
  if (text === undefined || text.trim() === "") {
    return parseDocument("apiVersion: v1\nkind: Config\nclusters: []\ncontexts: []\nusers: []\n");
  }
  const document = parseDocument(text);
  const [fault] = document.errors;
  if (fault !== undefined) throw unusable(path, fault);
  if (!isMap(document.contents)) throw unusable(path, new Error("it is not a mapping"));
  for (const list of ["clusters", "contexts", "users"]) {
    const value = document.get(list);
    if (value !== undefined && value !== null && !isSeq(value))
      throw unusable(path, new Error(`${list} is not a list`));
  }
  return document;
}

function unusable(path: string, error: unknown): MiniError {
  if (error instanceof MiniError) return error;
  if (error instanceof LockedError) {
    const who = error.holder === 0 ? "its lock does not say by whom" : `by process ${error.holder}`;
    const message = `the kubeconfig ${path} is locked (${who}): another program is changing it, or was killed while it did`;
    const advice = `Try again; where no kubectl or mini is running, rm ${error.path}`;
    return new MiniError("HOST_KUBECONFIG_UPDATE", message, { advice, cause: error });
  }
  const detail = (error instanceof Error ? error.message : String(error)).split("\n")[0] ?? "";
  return new MiniError("HOST_KUBECONFIG_UPDATE", `the kubeconfig ${path} cannot be used: ${detail}`, { cause: error });
}

async function findHolder(paths: readonly string[], name: string): Promise<string | undefined> {
  for (const path of paths) {
    if (find(await load(path), "contexts", name) !== undefined) return path;
  }
  return undefined;
}

function find(document: Document, list: string, name: string): YAMLMap | undefined {
  const items = document.get(list);
  if (!isSeq(items)) return undefined;
  return items.items.find((item): item is YAMLMap => isMap(item) && item.get("name") === name);
}

/** Whether something changed. */
function upsert(document: Document, list: string, name: string, fields: Record<string, unknown>): boolean {
  const existing = find(document, list, name);
  if (existing !== undefined) {
    const differing = Object.entries(fields).filter(
      ([key, value]) => !isDeepStrictEqual(plain(existing.get(key)), value),
    );
    for (const [key, value] of differing) existing.set(key, document.createNode(value));
    return differing.length > 0;
  }
  const items = document.get(list);
  // An empty list is often written `[]`; entries below it read better as a block.
  if (!isSeq(items) || items.items.length === 0) document.set(list, document.createNode([]));
  const target = document.get(list);
  if (isSeq(target)) target.add(document.createNode({ name, ...fields }));
  return true;
}

function plain(value: unknown): unknown {
  return isNode(value) ? value.toJSON() : value;
}

function remove(document: Document, list: string, name: string): boolean {
  const items = document.get(list);
  const found = find(document, list, name);
  if (!isSeq(items) || found === undefined) return false;
  items.items.splice(items.items.indexOf(found), 1);
  return true;
}

function clusterOf({ server, credentials }: ContextEntry): Record<string, string> {
  if (!credentials.embed) return { "certificate-authority": credentials.ca, server };
  return { "certificate-authority-data": base64(credentials.ca), server };
}

function userOf(credentials: Credentials): Record<string, string> {
  const { certificate, key } = credentials;
  if (!credentials.embed) return { "client-certificate": certificate, "client-key": key };
  return { "client-certificate-data": base64(certificate), "client-key-data": base64(key) };
}

function base64(text: string): string {
  return Buffer.from(text).toString("base64");
}
