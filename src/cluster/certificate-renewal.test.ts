import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { certificateExpiry, issueCertificate } from "../lib/certificates.ts";
import { adminEntry, renewAdminCertificate } from "./certificate-renewal.ts";
import { writeContext } from "./kubeconfig.ts";
import { planNodes } from "./machine.ts";
import { ensurePki, pkiFolder } from "./pki.ts";
import { lockProfile, type Profile } from "./profile.ts";

const dayMs = 86_400_000;
let home: string;
beforeEach(async () => {
  home = await mkdtemp(join(tmpdir(), "mini-renewal-"));
  vi.stubEnv("MINI_HOME", home);
  vi.stubEnv("KUBECONFIG", join(home, "kubeconfig"));
});
afterEach(async () => {
  vi.unstubAllEnvs();
  await rm(home, { recursive: true });
});

const nodes = planNodes("cl", 1, "192.168.39.1");
const profile = { name: "cl", nodes, apiServerPort: 8443, embedCerts: true } as unknown as Profile;
const kubeconfig = (): Promise<string> => readFile(join(home, "kubeconfig"), "utf8");
const admin = (): Promise<string> => readFile(join(pkiFolder("cl"), "admin.crt"), "utf8");

async function letAdminEnd(): Promise<void> {
  const [certificate = "", privateKey = ""] = await Promise.all(
    ["ca.crt", "ca.key"].map((name) => readFile(join(pkiFolder("cl"), name), "utf8")),
  );
  const now = Date.now() - 1094 * dayMs;
  const authority = { certificate, privateKey };
  const old = await issueCertificate({ authority, commonName: "x", usages: ["client"], validityDays: 1095, now });
  await writeFile(join(pkiFolder("cl"), "admin.crt"), old.certificate);
}

it("renews the administrator's certificate in the kubeconfig that it is embedded in, and in no other state of it", async () => {
  await ensurePki(profile);
  await writeContext(await adminEntry(profile), { current: true });
  const before = await kubeconfig();
  await renewAdminCertificate(profile);
  expect(await kubeconfig()).toBe(before);
  await letAdminEnd();
  {
    await using _lock = await lockProfile("cl");
    await renewAdminCertificate(profile);
    expect(await kubeconfig()).toBe(before);
  }
  const asked = Array.from({ length: 5 }, async () => {
    await renewAdminCertificate(profile);
    return await admin();
  });
  expect(new Set(await Promise.all(asked)).size).toBe(1);
  expect(certificateExpiry(await admin()) - Date.now()).toBeGreaterThan(1090 * dayMs);
  expect(await kubeconfig()).toContain(Buffer.from(await admin()).toString("base64"));
  // Somebody has made the context lead elsewhere since.
  await writeContext({ ...(await adminEntry(profile)), server: "https://example.com" }, { current: true });
  const elsewhere = await kubeconfig();
  await letAdminEnd();
  await renewAdminCertificate(profile);
  expect(await kubeconfig()).toBe(elsewhere);
});
