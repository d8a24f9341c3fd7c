import { createHash } from "node:crypto";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { tar, writeOciArchive } from "../../images/oci-archive.ts";
import { type Registry, serveArchive } from "./registry.ts";

const manifestType = "application/vnd.oci.image.manifest.v1+json";
let folder = "";
let registry: Registry;
const get = (path: string, method = "GET") => fetch(`${registry.url}/v2/${path}`, { method });

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "registry-"));
  const layers = [await tar([{ name: "hello", content: "world" }])];
  const references = ["registry.test/group/app:1", "registry.test/group/app:2"];
  await writeOciArchive([{ references, layers, config: {} }], join(folder, "images.tar"));
  registry = await serveArchive(join(folder, "images.tar"), "127.0.0.1");
});
afterAll(async () => {
  registry.close();
  await rm(folder, { recursive: true });
});

describe("the registry of an archive", () => {
  it("gives an image from its tag down to its layers", async () => {
    expect((await get("")).status).toBe(200);
    const head = await get("group/app/manifests/2?ns=registry.test", "HEAD");
    expect(head.headers.get("content-type")).toBe(manifestType);
    const digest = head.headers.get("docker-content-digest") ?? "";
    const manifest = (await (await get(`group/app/manifests/${digest}?ns=registry.test`)).json()) as {
      layers: { digest: string; size: number }[];
    };
    const [layer] = manifest.layers;
    const bytes = Buffer.from(await (await get(`group/app/blobs/${layer?.digest}`)).arrayBuffer());
    expect(bytes.length).toBe(layer?.size);
    expect(`sha256:${createHash("sha256").update(bytes).digest("hex")}`).toBe(layer?.digest);
  });

  it.each([
    "group/app/manifests/3?ns=registry.test",
    "group/app/manifests/1?ns=elsewhere.test",
    "group/other/manifests/1?ns=registry.test",
    "group/app/blobs/sha256:00",
    "group/app/tags/list",
  ])("knows nothing of %s", async (path) => expect((await get(path)).status).toBe(404));

  it("takes nothing", async () => expect((await get("group/app/blobs/uploads/", "POST")).status).toBe(405));
});
