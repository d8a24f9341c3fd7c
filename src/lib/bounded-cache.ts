/** What an entry takes besides the bytes that its maker counts: two references in a map, and the entry itself. */
const entryOverheadBytes = 128;
/** A larger part of a generation than this in one entry would drive out all the others. */
const largestShare = 1 / 4;

interface CacheEntry<V> {
  readonly value: V;
  readonly bytes: number;
}

/**
 * A cache bounded by bytes, for whatever is keyed by what clients send. Entries that were not asked for lately go first:
 * there are two generations, each half of the bound; what is found in the older one moves to the newer, and when that is
 * full it becomes the older and the older is forgotten. So a hit costs one look-up, and no list is kept in order.
 */
export class BoundedCache<V> {
  readonly #generationBytes: number;
  #newer = new Map<string, CacheEntry<V>>();
  #older = new Map<string, CacheEntry<V>>();
  #newerBytes = 0;

  constructor(maximumBytes: number) {
    this.#generationBytes = maximumBytes / 2;
  }

  get(key: string): V | undefined {
    const found = this.#newer.get(key);
    if (found !== undefined) return found.value;
    const older = this.#older.get(key);
    if (older === undefined) return undefined;
    this.#older.delete(key);
    this.#add(key, older);
    return older.value;
  }

  /** `valueBytes` is what the value holds on to besides the key. What is too large to be kept is not kept. */
  set(key: string, value: V, valueBytes: number): void {
    this.delete(key);
    const bytes = entryOverheadBytes + 2 * key.length + valueBytes;
    if (bytes <= this.#generationBytes * largestShare) this.#add(key, { value, bytes });
  }

  delete(key: string): void {
    const newer = this.#newer.get(key);
    if (newer !== undefined) {
      this.#newer.delete(key);
      this.#newerBytes -= newer.bytes;
    } else this.#older.delete(key);
  }

  clear(): void {
    this.#newer.clear();
    this.#older.clear();
    this.#newerBytes = 0;
  }

  /** Entries of both generations. */
  get size(): number {
    return this.#newer.size + this.#older.size;
  }

  #add(key: string, entry: CacheEntry<V>): void {
    if (this.#newerBytes + entry.bytes > this.#generationBytes) {
      this.#older = this.#newer;
      this.#newer = new Map();
      this.#newerBytes = 0;
    }
    this.#newer.set(key, entry);
    this.#newerBytes += entry.bytes;
  }
}
