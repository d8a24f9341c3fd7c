/**
 * JSON patches (RFC 6902) with the leniencies of the library that kube-apiserver uses: `replace` of a missing object
 * key adds it, negative list indices count from the end, `test` for null passes where nothing is. fast-json-patch has
 * none of these, which is why the operations are written out here.
 */
import { badRequest, requestEntityTooLarge, type StatusError } from "../errors/status-error.ts";
import { deepCopy, deepEqual, setAt } from "../meta/accessors.ts";
import { patchDoesNotApply } from "./patch-error.ts";

const maximumOperations = 10_000;
/** What the `copy` operations of one patch may add, in bytes of JSON: upstream's JSONPatchMaxCopyBytes. */
const maximumCopiedBytes = 3 * 1024 * 1024;

type Container = Record<string, unknown> | unknown[];
interface Operation {
  readonly op: string;
  readonly path: string | undefined;
  readonly from: string | undefined;
  readonly value: unknown;
}

/** Returns the patched copy. Throws StatusError: 400 for what is no patch, 422 for what does not apply. */
export function applyJsonPatch(document: Readonly<Record<string, unknown>>, patch: unknown): Record<string, unknown> {
  const steps = jsonPatchSteps(document, patch);
  for (;;) {
    const { done, value } = steps.next();
    if (done === true) return value;
  }
}

/** The same, one operation a step: each takes a time that grows with the document, and there may be thousands. */
export function* jsonPatchSteps(
  document: Readonly<Record<string, unknown>>,
  patch: unknown,
): Generator<undefined, Record<string, unknown>> {
  const operations = parseOperations(patch);
  let root: unknown = deepCopy(document);
  const copier = new Copier();
  for (const operation of operations) {
    root = applyOperation(root, operation, copier);
    yield;
  }
  if (typeof root !== "object" || root === null || Array.isArray(root)) throw fail("the patched document is no object");
  return root as Record<string, unknown>;
}

const fail = (message: string): StatusError => patchDoesNotApply(new Error(message));

function parseOperations(patch: unknown): Operation[] {
  if (!Array.isArray(patch)) {
    const found = patch === null ? "null" : typeof patch === "boolean" ? "bool" : typeof patch;
    throw badRequest(`json: cannot unmarshal ${found} into Go value of type jsonpatch.Patch`);
  }
  if (patch.length > maximumOperations) {
    throw requestEntityTooLarge(
      `The allowed maximum operations in a JSON patch is ${maximumOperations}, got ${patch.length}`,
    );
  }
  return patch.map((operation: unknown) => {
    if (typeof operation !== "object" || operation === null || Array.isArray(operation)) {
      const found = Array.isArray(operation) ? "array" : typeof operation;
      throw badRequest(`json: cannot unmarshal ${found} into Go value of type jsonpatch.Operation`);
    }
    const { op, path, from, value } = operation as Record<string, unknown>;
    const text = (part: unknown): string | undefined => (typeof part === "string" ? part : undefined);
    return { op: text(op) ?? "unknown", path: text(path), from: text(from), value };
  });
}

/** Copies values within a document, and counts: twenty operations could double it twenty times. */
class Copier {
  #copied = 0;

  /** The copy shares nothing with `value`. Throws StatusError where the patch has copied too much by now. */
  copy(value: unknown): unknown {
    const json = JSON.stringify(value);
    this.#copied += Buffer.byteLength(json);
    if (this.#copied > maximumCopiedBytes) {
      throw fail(
        `Unable to complete the copy, the accumulated size increase of copy is ${this.#copied}, exceeding the limit ${maximumCopiedBytes}`,
      );
    }
    return deepCopy(value);
  }
}

function applyOperation(root: unknown, { op, path, from, value }: Operation, copier: Copier): unknown {
  switch (op) {
    case "add":
      return add(root, path, deepCopy(value ?? null));
    case "remove":
      remove(root, path);
      return root;
    case "replace":
      return replace(root, path, deepCopy(value ?? null));
    case "move": {
      const moved = get(root, from);
      remove(root, from);
      return add(root, path, moved ?? null);
    }
    case "copy":
      return add(root, path, copier.copy(get(root, from) ?? null));
    case "test":
      if (!deepEqual(path === "" ? root : (get(root, path) ?? null), value ?? null)) {
        throw fail(`testing value ${path} failed: test failed`);
      }
      return root;
    default:
      throw fail(`Unexpected kind: ${op}`);
  }
}

/** The object or list that holds the last element of a JSON pointer, and that element. */
function locate(root: unknown, path: string | undefined): { container: Container; key: string } {
  const parts = (path ?? "").split("/").map((part) => part.replaceAll("~1", "/").replaceAll("~0", "~"));
  if (path === undefined || parts.length < 2) throw fail(`doc is missing path: ${JSON.stringify(path ?? "")}`);
  let container = root;
  for (const part of parts.slice(1, -1)) container = isContainer(container) ? child(container, part) : undefined;
  if (!isContainer(container)) throw fail(`doc is missing path: ${JSON.stringify(path)}`);
  return { container, key: parts.at(-1) as string };
}

const isContainer = (value: unknown): value is Container => typeof value === "object" && value !== null;

function child(container: Container, key: string): unknown {
  if (Array.isArray(container)) return container[indexIn(container, key, container.length - 1)];
  return Object.hasOwn(container, key) ? container[key] : undefined;
}

function indexIn(list: readonly unknown[], key: string, last: number): number {
  const index = /^[+-]?\d+$/.test(key) ? Number(key) : Number.NaN;
  const place = index < 0 ? index + last + 1 : index;
  if (Number.isNaN(index) || place < 0 || place > last)
    throw fail(`Unable to access invalid index: ${key} of ${list.length}`);
  return place;
}

const get = (root: unknown, path: string | undefined): unknown => {
  const { container, key } = locate(root, path);
  return child(container, key);
};

function add(root: unknown, path: string | undefined, value: unknown): unknown {
  const { container, key } = locate(root, path);
  if (!Array.isArray(container)) setAt(container, key, value);
  else if (key === "-") container.push(value);
  else container.splice(indexIn(container, key, container.length), 0, value);
  return root;
}

function remove(root: unknown, path: string | undefined): void {
  const { container, key } = locate(root, path);
  if (Array.isArray(container)) container.splice(indexIn(container, key, container.length - 1), 1);
  else if (!Object.hasOwn(container, key)) throw fail(`Unable to remove nonexistent key: ${key}`);
  else delete container[key];
}

function replace(root: unknown, path: string | undefined, value: unknown): unknown {
  if (path === "") {
    if (!isContainer(value)) throw fail("replace operation value must be object or array");
    return value;
  }
  const { container, key } = locate(root, path);
  if (Array.isArray(container)) container[indexIn(container, key, container.length - 1)] = value;
  else setAt(container, key, value);
  return root;
}
