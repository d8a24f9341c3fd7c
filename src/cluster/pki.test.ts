import { X509Certificate } from "node:crypto";
import { mkdtemp, readFile, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { certificateExpiry, createAuthority, issueCertificate } from "../lib/certificates.ts";
import { planNodes } from "./machine.ts";
import {
  adminCertificateEnds,
  controlPlaneFiles,
  ensureAdminCertificate,
  ensurePki,
  nodePki,
  pkiFolder,
} from "./pki.ts";
import type { Profile } from "./profile.ts";

let home: string;
beforeEach(async () => {
  home = await mkdtemp(join(tmpdir(), "mini-pki-"));
  vi.stubEnv("MINI_HOME", home);
});
afterEach(async () => {
  vi.unstubAllEnvs();
  await rm(home, { recursive: true });
});

const profile = { name: "cl", nodes: planNodes("cl", 2, "192.168.39.1") } as unknown as Profile;

it("gives each node what it needs and no more, keeps what is good and renews what ends soon", async () => {
  await ensurePki(profile);
  const [first, worker] = profile.nodes;
  if (first === undefined || worker === undefined) throw new Error("two nodes were planned");
  const files = await nodePki(profile, first);
  const own = ["kubelet-client", "kubelet", "kube-proxy"].flatMap((name) => [`${name}.crt`, `${name}.key`]);
  expect([...files.keys()].sort()).toEqual(["ca.crt", ...controlPlaneFiles, ...own].sort());
  expect([...files.values()].every((text) => text.includes("-----BEGIN"))).toBe(true);
  expect([...(await nodePki(profile, worker)).keys()].sort()).toEqual(["ca.crt", ...own].sort());

  const server = new X509Certificate(files.get("apiserver.crt") ?? "");
  for (const address of ["127.0.0.1", "10.96.0.1", "192.168.39.2"]) expect(server.checkIP(address)).toBe(address);
  expect(server.checkHost("kubernetes.default.svc.cluster.local")).toBeDefined();
  const kubelet = new X509Certificate(files.get("kubelet-client.crt") ?? "");
  expect(kubelet.subject).toBe("O=system:nodes\nCN=system:node:cl");
  expect((await stat(join(pkiFolder("cl"), "admin.key"))).mode & 0o777).toBe(0o600);

  const path = join(pkiFolder("cl"), "admin.crt");
  const authority = { certificate: files.get("ca.crt") ?? "", privateKey: files.get("ca.key") ?? "" };
  const old = await issueCertificate({
    authority,
    commonName: "kubernetes-admin",
    usages: ["client"],
    validityDays: 29,
  });
  await writeFile(path, old.certificate);
  await ensurePki(profile);
  expect(await readFile(path, "utf8")).not.toBe(old.certificate);
  const after = await nodePki(profile, first);
  expect(after.get("apiserver.crt")).toBe(files.get("apiserver.crt"));
  expect(after.get("ca.crt")).toBe(files.get("ca.crt"));
});

describe("the life of certificates", () => {
  const dayMs = 86_400_000;
  const daysLeft = async (name: string): Promise<number> =>
    (certificateExpiry(await readFile(join(pkiFolder("cl"), name), "utf8")) - Date.now()) / dayMs;

  it("is three years, or what the profile says, and all are made anew when that changes", async () => {
    const all = await ensurePki(profile);
    expect(await daysLeft("cl/kubelet.crt")).toBeCloseTo(1095, 1);
    expect(await daysLeft("ca.crt")).toBeCloseTo(3650, 1);
    expect(await ensurePki(profile)).toEqual(new Set());
    const short = { ...profile, certificateLifeMs: 10 * dayMs };
    expect(await ensurePki(short)).toEqual(all);
    expect(await daysLeft("apiserver.crt")).toBeCloseTo(10, 1);
    expect(await ensurePki(short)).toEqual(new Set());
    // As long as the authority, which is not made anew for it.
    const long = { ...profile, certificateLifeMs: 5000 * dayMs };
    expect(await ensurePki(long)).toEqual(all);
    expect(await daysLeft("apiserver.crt")).toBeCloseTo(await daysLeft("ca.crt"), 3);
    expect(await ensurePki(long)).toEqual(new Set());
  });

  it("renews the administrator's alone where a command uses it", async () => {
    await ensurePki(profile);
    expect(await adminCertificateEnds(profile)).toBe(false);
    const [certificate, privateKey] = await Promise.all(
      ["ca.crt", "ca.key"].map((name) => readFile(join(pkiFolder("cl"), name), "utf8")),
    );
    const authority = { certificate: certificate ?? "", privateKey: privateKey ?? "" };
    const now = Date.now() - 1090 * dayMs;
    const old = await issueCertificate({ authority, commonName: "x", usages: ["client"], validityDays: 1095, now });
    await writeFile(join(pkiFolder("cl"), "admin.crt"), old.certificate);
    expect(await adminCertificateEnds(profile)).toBe(true);
    await ensureAdminCertificate(profile);
    expect(await daysLeft("admin.crt")).toBeCloseTo(1095, 1);
    expect(await adminCertificateEnds({ ...profile, name: "none" })).toBe(false);
  });

  it("says that an authority has ended, instead of making what nobody trusts", async () => {
    await ensurePki(profile);
    const ended = await createAuthority({ commonName: "miniCA", validityDays: -1 });
    await writeFile(join(pkiFolder("cl"), "ca.crt"), ended.certificate);
    await expect(ensurePki(profile)).rejects.toMatchObject({ id: "GUEST_CERT", exitCode: 80 });
  });
});
