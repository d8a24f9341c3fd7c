import { parseOwnJson } from "../../machinery/codec/json.ts";
import type { KindDefinition } from "../../machinery/kind.ts";
import { valueAt } from "../../machinery/meta/accessors.ts";
import type { UnknownObject } from "../../machinery/meta/object.ts";
import { type FinalBytes, finalBytes, metadataStart, withRevision } from "./object-bytes.ts";

/** Decoded objects that are held on to beyond the garbage collector's next turn, newest last in a ring. */
const recentlyDecoded: UnknownObject[] = [];
const recentLimit = 256;
/** Larger objects are left to the garbage collector, so that the ring stays small whatever clients store. */
const recentMaximumBytes = 32 * 1024;
let recentNext = 0;

export interface ObjectIdentity {
  readonly key: string;
  readonly namespace: string;
  readonly name: string;
  readonly createRevision: number;
}

/**
 * One state of an object: its final JSON bytes, and beside them what selectors ask for, read when first asked. The
 * decoded form is made on demand and may be collected at any time; nobody may change it.
 */
export class CachedObject {
  readonly identity: ObjectIdentity;
  readonly revision: number;
  readonly #final: FinalBytes;
  #labels: Readonly<Record<string, string>> | undefined | null = null;
  #fields: Map<string, string> | undefined;
  #decoded: WeakRef<UnknownObject> | undefined;

  constructor(identity: ObjectIdentity, revision: number, final: FinalBytes) {
    this.identity = identity;
    this.revision = revision;
    this.#final = final;
  }

  /** From a store's value; `decoded` where the writer still has the object, which then belongs to the cache. */
  static fromStored(identity: ObjectIdentity, revision: number, value: Buffer, decoded?: UnknownObject): CachedObject {
    const cached = new CachedObject(identity, revision, finalBytes(value, revision));
    if (decoded !== undefined) cached.#adopt(decoded);
    return cached;
  }

  /** The same state under a later revision: what an event says of an object that went away. */
  at(revision: number): CachedObject {
    return new CachedObject(this.identity, revision, withRevision(this.#final, this.revision, revision));
  }

  get key(): string {
    return this.identity.key;
  }

  get namespace(): string {
    return this.identity.namespace;
  }

  get name(): string {
    return this.identity.name;
  }

  get bytes(): Buffer {
    return this.#final.bytes;
  }

  /** The bytes from `"metadata":{` on; with `{` before them, the object as an item of a typed list. */
  get itemBytes(): Buffer {
    return this.#final.bytes.subarray(metadataStart(this.#final));
  }

  get labels(): Readonly<Record<string, string>> | undefined {
    if (this.#labels === null) this.#labels = this.object.metadata?.labels;
    return this.#labels;
  }

  /** The decoded object, resourceVersion included. Shared: never change it. */
  get object(): UnknownObject {
    const known = this.#decoded?.deref();
    if (known !== undefined) return known;
    const decoded = parseOwnJson(this.#final.bytes.toString("utf8")) as UnknownObject;
    this.#remember(decoded);
    return decoded;
  }

  /** The value of a selectable field. `kind` must have it, or it must be metadata.name or metadata.namespace. */
  field(kind: KindDefinition, name: string): string {
    if (name === "metadata.name") return this.name;
    if (name === "metadata.namespace") return this.namespace;
    this.#fields ??= new Map();
    let value = this.#fields.get(name);
    if (value === undefined) {
      value = valueAt(kind.selectableFields, name)?.(this.object) ?? "";
      this.#fields.set(name, value);
    }
    return value;
  }

  /** Reads the selectable fields now, while the decoded object is at hand. */
  readFields(kind: KindDefinition): void {
    for (const name of Object.keys(kind.selectableFields ?? {})) this.field(kind, name);
  }

  #adopt(decoded: UnknownObject): void {
    if (decoded.metadata !== undefined) decoded.metadata.resourceVersion = String(this.revision);
    this.#labels = decoded.metadata?.labels;
    this.#remember(decoded);
  }

  #remember(decoded: UnknownObject): void {
    this.#decoded = new WeakRef(decoded);
    if (this.bytes.length > recentMaximumBytes) return;
    recentlyDecoded[recentNext] = decoded;
    recentNext = (recentNext + 1) % recentLimit;
  }
}
