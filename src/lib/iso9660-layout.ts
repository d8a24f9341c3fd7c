/** Where everything lies in an ISO 9660 image, and its directory records. Pure; iso9660.ts does the writing. */
import type { IsoEntry } from "./iso9660.ts";

export const SECTOR = 2048;
/** Sixteen unused sectors, the primary volume descriptor, its terminator, two path tables. */
const FIRST_DIRECTORY = 20;
const LARGEST_FILE = 2 ** 32 - SECTOR;
const LONGEST_NAME = 128;

export interface File {
  readonly kind: "file";
  readonly entry: IsoEntry;
  readonly size: number;
  sector: number;
}

export interface Directory {
  readonly kind: "directory";
  readonly children: Map<string, File | Directory>;
  readonly parent: Directory | undefined;
  sector: number;
  records: Buffer;
}

export interface Layout {
  readonly directories: readonly Directory[];
  readonly files: readonly File[];
  /** The first twenty sectors. */
  readonly head: Buffer;
  readonly totalSectors: number;
}

export function sectorsOf(size: number): number {
  return Math.ceil(size / SECTOR);
}

/** Assigns sectors to folders, breadth first as the path table wants them, then to files. */
export function layOut(sized: readonly { entry: IsoEntry; size: number }[], volume: string): Layout {
  const root = newDirectory(undefined);
  for (const { entry, size } of sized) insert(root, entry, size);
  const directories = breadthFirst(root);
  let next = FIRST_DIRECTORY;
  for (const directory of directories) {
    directory.records = Buffer.alloc(directorySize(directory));
    directory.sector = next;
    next += sectorsOf(directory.records.length);
  }
  const files = directories.flatMap((directory) => [...directory.children.values()].filter(isFile));
  for (const file of files) {
    file.sector = next;
    next += sectorsOf(file.size);
  }
  for (const directory of directories) fillRecords(directory);
  return { directories, files, head: renderHead(directories, volume, next), totalSectors: next };
}

function newDirectory(parent: Directory | undefined): Directory {
  return { kind: "directory", children: new Map(), parent, sector: 0, records: Buffer.alloc(0) };
}

function isFile(node: File | Directory): node is File {
  return node.kind === "file";
}

function insert(root: Directory, entry: IsoEntry, size: number): void {
  const parts = entry.path.split("/");
  const name = parts.pop() ?? "";
  if (name === "" || [...parts, name].some((part) => part === "" || Buffer.byteLength(part) > LONGEST_NAME))
    throw new Error(`not a path for an ISO 9660 image: "${entry.path}"`);
  if (size > LARGEST_FILE) throw new Error(`${entry.path} is too large for an ISO 9660 image: ${size} bytes`);
  let directory = root;
  for (const part of parts) {
    const child = directory.children.get(part) ?? newDirectory(directory);
    if (isFile(child)) throw new Error(`${part} in ${entry.path} is both a file and a folder`);
    directory.children.set(part, child);
    directory = child;
  }
  if (directory.children.has(name)) throw new Error(`${entry.path} is twice in the ISO 9660 image`);
  directory.children.set(name, { kind: "file", entry, size, sector: 0 });
}

function breadthFirst(root: Directory): Directory[] {
  const found = [root];
  for (const directory of found)
    for (const [, child] of sorted(directory)) if (child.kind === "directory") found.push(child);
  return found;
}

function sorted(directory: Directory): [string, File | Directory][] {
  return [...directory.children].sort(([a], [b]) => (a < b ? -1 : 1));
}

/** Plain ISO names only have to be unique, short and sorted; the true names are Rock Ridge's. */
function plainName(index: number, node: File | Directory): Buffer {
  const digits = String(index).padStart(5, "0");
  return Buffer.from(isFile(node) ? `F${digits}.;1` : `D${digits}`);
}

function buildRecords(directory: Directory): Buffer[] {
  const parent = directory.parent ?? directory;
  const system = directory.parent === undefined ? [sharingProtocol, modeField(0o40555), extensionReference] : [];
  return [
    record(Buffer.of(0), directory, system.length > 0 ? system : [modeField(0o40555)]),
    record(Buffer.of(1), parent, [modeField(0o40555)]),
    ...sorted(directory).map(([name, node], index) => {
      const mode = isFile(node) ? 0o100000 | (node.entry.mode ?? 0o444) : 0o40555;
      return record(plainName(index, node), node, [modeField(mode), nameField(name)]);
    }),
  ];
}

/** Records do not cross sectors, so the size is not the plain sum. */
function place(records: readonly Buffer[], put: (record: Buffer, offset: number) => void): number {
  let offset = 0;
  for (const bytes of records) {
    if ((offset % SECTOR) + bytes.length > SECTOR) offset = sectorsOf(offset) * SECTOR;
    put(bytes, offset);
    offset += bytes.length;
  }
  return sectorsOf(offset) * SECTOR;
}

function directorySize(directory: Directory): number {
  return place(buildRecords(directory), () => undefined);
}

function fillRecords(directory: Directory): void {
  place(buildRecords(directory), (bytes, offset) => bytes.copy(directory.records, offset));
}

/** A directory record, ECMA-119 9.1. */
function record(name: Buffer, node: File | Directory, system: readonly Buffer[]): Buffer {
  const base = 33 + name.length + (name.length % 2 === 0 ? 1 : 0);
  const fields = Buffer.concat(system);
  const bytes = Buffer.alloc((base + fields.length + 1) & ~1);
  bytes.writeUInt8(bytes.length, 0);
  writeBoth32(bytes, 2, node.sector);
  writeBoth32(bytes, 10, isFile(node) ? node.size : node.records.length);
  // 1 January 2000 in years since 1900, month, day: the image does not depend on the clock.
  bytes.set([100, 1, 1], 18);
  bytes.writeUInt8(isFile(node) ? 0 : 2, 25);
  writeBoth16(bytes, 28, 1);
  bytes.writeUInt8(name.length, 32);
  name.copy(bytes, 33);
  fields.copy(bytes, base);
  return bytes;
}

/** SUSP `SP`: the first field of the root's own record. */
const sharingProtocol = Buffer.from([0x53, 0x50, 7, 1, 0xbe, 0xef, 0]);
/** SUSP `ER`: names Rock Ridge as the extension in use. */
const extensionReference = Buffer.concat([Buffer.from([0x45, 0x52, 18, 1, 10, 0, 0, 1]), Buffer.from("RRIP_1991A")]);

/** Rock Ridge `PX`: mode, one link, owned by root. */
function modeField(mode: number): Buffer {
  const bytes = Buffer.alloc(36);
  bytes.set([0x50, 0x58, 36, 1]);
  writeBoth32(bytes, 4, mode);
  writeBoth32(bytes, 12, 1);
  return bytes;
}

/** Rock Ridge `NM`: the true name. */
function nameField(name: string): Buffer {
  const text = Buffer.from(name);
  return Buffer.concat([Buffer.from([0x4e, 0x4d, 5 + text.length, 1, 0]), text]);
}

function renderHead(directories: readonly Directory[], volume: string, totalSectors: number): Buffer {
  const root = directories[0] as Directory;
  const [little, big] = [renderPathTable(directories, false), renderPathTable(directories, true)];
  if (little.length > SECTOR) throw new Error(`too many folders for an ISO 9660 image: ${directories.length}`);
  const head = Buffer.alloc(FIRST_DIRECTORY * SECTOR);
  const descriptor = head.subarray(16 * SECTOR, 17 * SECTOR);
  descriptor.fill(" ", 8, 72).fill(" ", 190, 813);
  descriptor.set([1, ...Buffer.from("CD001"), 1]);
  descriptor.write(volume.toUpperCase().padEnd(32).slice(0, 32), 40, "latin1");
  writeBoth32(descriptor, 80, totalSectors);
  writeBoth16(descriptor, 120, 1);
  writeBoth16(descriptor, 124, 1);
  writeBoth16(descriptor, 128, SECTOR);
  writeBoth32(descriptor, 132, little.length);
  descriptor.writeUInt32LE(18, 140);
  descriptor.writeUInt32BE(19, 148);
  record(Buffer.of(0), root, []).copy(descriptor, 156);
  for (const offset of [813, 830, 847, 864]) descriptor.write("0".repeat(16), offset, "latin1");
  descriptor[881] = 1;
  head.set([255, ...Buffer.from("CD001"), 1], 17 * SECTOR);
  little.copy(head, 18 * SECTOR);
  big.copy(head, 19 * SECTOR);
  return head;
}

function renderPathTable(directories: readonly Directory[], bigEndian: boolean): Buffer {
  return Buffer.concat(
    directories.map((directory) => {
      const { parent } = directory;
      const siblings = parent === undefined ? [] : sorted(parent).map(([, node]) => node);
      const name = parent === undefined ? Buffer.of(0) : plainName(siblings.indexOf(directory), directory);
      const bytes = Buffer.alloc(8 + name.length + (name.length % 2));
      const parentNumber = directories.indexOf(parent ?? directory) + 1;
      bytes.writeUInt8(name.length, 0);
      if (bigEndian) {
        bytes.writeUInt32BE(directory.sector, 2);
        bytes.writeUInt16BE(parentNumber, 6);
      } else {
        bytes.writeUInt32LE(directory.sector, 2);
        bytes.writeUInt16LE(parentNumber, 6);
      }
      name.copy(bytes, 8);
      return bytes;
    }),
  );
}

function writeBoth16(bytes: Buffer, offset: number, value: number): void {
  bytes.writeUInt16LE(value, offset);
  bytes.writeUInt16BE(value, offset + 2);
}

function writeBoth32(bytes: Buffer, offset: number, value: number): void {
  bytes.writeUInt32LE(value, offset);
  bytes.writeUInt32BE(value, offset + 4);
}
