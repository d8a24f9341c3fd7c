/**
 * A registry that answers for the images of one OCI archive and nothing else, so that tests which always pull have
 * something to pull from: the pulling half of the OCI distribution specification, over plain HTTP. Nodes use it as a
 * mirror (`mini start --registry-mirror`); containerd then says in `ns` which registry it means.
 */
import { createReadStream } from "node:fs";
import { type FileHandle, open } from "node:fs/promises";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { networkInterfaces } from "node:os";

export interface Registry {
  readonly url: string;
  close(): void;
}

interface Place {
  readonly offset: number;
  readonly size: number;
}

interface Descriptor {
  readonly mediaType: string;
  readonly digest: string;
  readonly annotations?: Readonly<Record<string, string>>;
}

/** An address of this machine that its nodes reach through their gateway. Throws when it has only loopback. */
export function reachableAddress(): string {
  const addresses = Object.values(networkInterfaces()).flatMap((all) => all ?? []);
  const found = addresses.find(({ family, internal }) => family === "IPv4" && !internal);
  if (found === undefined) throw new Error("this machine has no IPv4 address besides loopback");
  return found.address;
}

/** Serves the archive on a free port of that address. */
export async function serveArchive(path: string, address: string): Promise<Registry> {
  const archive = await readArchive(path);
  const server = createServer((request, response) => answer(archive, request, response));
  await new Promise<void>((resolve, reject) => server.once("error", reject).listen(0, address, resolve));
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://${address}:${port}`,
    close() {
      server.closeAllConnections();
      server.close();
    },
  };
}

interface Archive {
  readonly path: string;
  /** By digest. */
  readonly blobs: ReadonlyMap<string, Place>;
  /** By digest. */
  readonly manifests: ReadonlyMap<string, Descriptor>;
  /** Full name with tag to digest. */
  readonly tags: ReadonlyMap<string, string>;
}

async function readArchive(path: string): Promise<Archive> {
  await using file = await open(path);
  const places = await listTar(file);
  const index = places.get("index.json");
  if (index === undefined) throw new Error(`${path} is no OCI archive: it has no index.json`);
  const { buffer } = await file.read(Buffer.alloc(index.size), 0, index.size, index.offset);
  const { manifests } = JSON.parse(buffer.toString()) as { manifests: readonly Descriptor[] };
  const blobs = [...places].filter(([name]) => name.startsWith("blobs/"));
  return {
    path,
    blobs: new Map(blobs.map(([name, place]) => [name.slice("blobs/".length).replace("/", ":"), place])),
    manifests: new Map(manifests.map((manifest) => [manifest.digest, manifest])),
    tags: new Map(
      manifests.map(({ annotations, digest }) => [annotations?.["io.containerd.image.name"] ?? "", digest]),
    ),
  };
}

/** Name to place, of the plain archives that images/oci-archive.ts writes. */
async function listTar(file: FileHandle): Promise<Map<string, Place>> {
  const places = new Map<string, Place>();
  const header = Buffer.alloc(512);
  for (let offset = 0; (await file.read(header, 0, 512, offset)).bytesRead === 512 && header[0] !== 0; ) {
    const field = (start: number, length: number): string =>
      header.toString("latin1", start, start + length).replace(/\0.*$/s, "");
    const size = Number.parseInt(field(124, 12), 8);
    places.set(field(0, 100), { offset: offset + 512, size });
    offset += 512 + Math.ceil(size / 512) * 512;
  }
  return places;
}

function answer(archive: Archive, { method = "", url = "/" }: IncomingMessage, response: ServerResponse): void {
  const { pathname, searchParams } = new URL(url, "http://registry");
  const [, name = "", kind = "", reference = ""] = /^\/v2\/(.+)\/(manifests|blobs)\/([^/]+)$/.exec(pathname) ?? [];
  const manifest = archive.manifests.get(
    archive.tags.get(`${searchParams.get("ns")}/${name}:${reference}`) ?? reference,
  );
  const digest = kind === "blobs" ? reference : (manifest?.digest ?? "");
  const place = archive.blobs.get(digest);
  if (method !== "GET" && method !== "HEAD") refuse(response, 405, "UNSUPPORTED");
  else if (pathname === "/v2/") response.writeHead(200).end();
  else if (place === undefined) refuse(response, 404, kind === "blobs" ? "BLOB_UNKNOWN" : "MANIFEST_UNKNOWN");
  else {
    response.writeHead(200, {
      "Content-Type": kind === "blobs" ? "application/octet-stream" : (manifest?.mediaType ?? ""),
      "Content-Length": place.size,
      "Docker-Content-Digest": digest,
    });
    if (method === "HEAD") response.end();
    else send(archive.path, place, response);
  }
}

function send(path: string, { offset, size }: Place, response: ServerResponse): void {
  const bytes = createReadStream(path, { start: offset, end: offset + size - 1 });
  bytes.on("error", (error) => response.destroy(error)).pipe(response);
}

function refuse(response: ServerResponse, status: number, code: string): void {
  response.writeHead(status, { "Content-Type": "application/json" });
  response.end(JSON.stringify({ errors: [{ code, message: code.toLowerCase().replace("_", " ") }] }));
}
