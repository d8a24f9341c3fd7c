/** Every key and certificate of a profile, kept in its folder `pki` and copied from there into the nodes' seeds. */
import { chmod, mkdir } from "node:fs/promises";
import { join } from "node:path";
import { readFileIfPresent, writeFileAtomically } from "../lib/atomic-file.ts";
import {
  type CertificateUsage,
  certificateExpiry,
  createAuthority,
  createKeyPair,
  type IssuedCertificate,
  issueCertificate,
  issuedAt,
} from "../lib/certificates.ts";
import { MiniError } from "./errors.ts";
import { profileFolder } from "./home.ts";
import { controlPlane, type Profile, type ProfileNode } from "./profile.ts";

const authorityDays = 3650;
const dayMs = 86_400_000;
/** minikube's 26280h: three years. */
const defaultCertificateLifeMs = 1095 * dayMs;
/** Certificates with less time left, or less than this part of their life, are renewed. */
const renewalMs = 30 * dayMs;
const renewalPart = 0.2;
/** Lives are the same where they differ by less: they are written in whole seconds. */
const toleranceMs = 2_000;

interface CertificateRequest {
  readonly commonName: string;
  readonly organizations?: readonly string[];
  readonly dnsNames?: readonly string[];
  readonly ipAddresses?: readonly string[];
  readonly usages: readonly CertificateUsage[];
}

const client = (commonName: string, ...organizations: string[]): CertificateRequest => ({
  commonName,
  organizations,
  usages: ["client"],
});

const adminCertificate = client("kubernetes-admin", "system:masters");

/** Files of a node's `pki` folder that only a control plane gets. */
export const controlPlaneFiles = [
  ...["ca.key", "service-account.key", "service-account.pub", "front-proxy-ca.crt", "front-proxy-ca.key"],
  ...[
    "apiserver",
    "apiserver-kubelet-client",
    "front-proxy-client",
    "admin",
    "controller-manager",
    "scheduler",
  ].flatMap((name) => [`${name}.crt`, `${name}.key`]),
];

/** The profile's folder of keys and certificates, 0700. */
export function pkiFolder(profile: string): string {
  return join(profileFolder(profile), "pki");
}

/**
 * Makes what is missing, and anew what soon ends or has another life than the profile says; what is good stays. Node
 * certificates are named NODE/kubelet and so on. Answers the names of those that were made. Throws GUEST_CERT where an
 * authority has ended.
 */
export async function ensurePki(profile: Profile): Promise<ReadonlySet<string>> {
  const made = new Set<string>();
  const folder = pkiFolder(profile.name);
  await mkdir(folder, { recursive: true, mode: 0o700 });
  await chmod(folder, 0o700);
  const authority = await ensureAuthority(folder, "ca", "miniCA");
  const frontProxy = await ensureAuthority(folder, "front-proxy-ca", "front-proxy-ca");
  await ensureServiceAccountKey(folder);
  const shared: [string, CertificateRequest][] = [
    ["apiserver", apiServerCertificate(profile)],
    ["apiserver-kubelet-client", client("kube-apiserver-kubelet-client", "system:masters")],
    ["admin", adminCertificate],
    ["controller-manager", client("system:kube-controller-manager")],
    ["scheduler", client("system:kube-scheduler")],
  ];
  const lifeMs = lifeOf(profile);
  const ensure = async (name: string, request: CertificateRequest, issuer = authority): Promise<void> => {
    if (await ensureCertificate(join(folder, name), { request, authority: issuer, lifeMs })) made.add(name);
  };
  await Promise.all([
    ...shared.map(([name, request]) => ensure(name, request)),
    ensure("front-proxy-client", client("front-proxy-client"), frontProxy),
    ...profile.nodes.flatMap((node) =>
      nodeCertificates(node).map(([name, request]) => ensure(`${node.name}/${name}`, request)),
    ),
  ]);
  return made;
}

/** Whether the administrator's certificate is to be renewed; not where there is none yet. Reads only. */
export async function adminCertificateEnds(profile: Profile): Promise<boolean> {
  const [authority, admin] = await Promise.all(
    ["ca", "admin"].map((name) => readCertificate(join(pkiFolder(profile.name), name))),
  );
  if (authority === undefined || admin === undefined) return false;
  return !isGood(admin.certificate, authority.certificate, lifeOf(profile));
}

/** Makes the administrator's certificate anew where it soon ends. */
export async function ensureAdminCertificate(profile: Profile): Promise<void> {
  const folder = pkiFolder(profile.name);
  const authority = await ensureAuthority(folder, "ca", "miniCA");
  await ensureCertificate(join(folder, "admin"), { request: adminCertificate, authority, lifeMs: lifeOf(profile) });
}

const lifeOf = ({ certificateLifeMs }: Profile): number => certificateLifeMs ?? defaultCertificateLifeMs;

/** What goes into a node's seed at `pki/`: file name to contents. */
export async function nodePki(profile: Profile, node: ProfileNode): Promise<Map<string, string>> {
  const folder = pkiFolder(profile.name);
  const names = ["ca.crt", ...(node.role === "control-plane" ? controlPlaneFiles : [])];
  const own = nodeCertificates(node).flatMap(([name]) => [`${name}.crt`, `${name}.key`]);
  const files = [...names.map((name) => [name, name]), ...own.map((name) => [name, `${node.name}/${name}`])];
  const contents = new Map<string, string>();
  for (const [name = "", path = ""] of files) contents.set(name, (await readFileIfPresent(join(folder, path))) ?? "");
  return contents;
}

/** The administrator's credentials and the authority of the API server. */
export async function adminCredentials(profile: string): Promise<{ ca: string; certificate: string; key: string }> {
  const folder = pkiFolder(profile);
  const [ca = "", certificate = "", key = ""] = await Promise.all(
    ["ca.crt", "admin.crt", "admin.key"].map((name) => readFileIfPresent(join(folder, name))),
  );
  return { ca, certificate, key };
}

function apiServerCertificate(profile: Profile): CertificateRequest {
  const names = ["kubernetes", "kubernetes.default", "kubernetes.default.svc", "kubernetes.default.svc.cluster.local"];
  const { name, address } = controlPlane(profile);
  return {
    commonName: "kube-apiserver",
    dnsNames: ["localhost", name, ...names],
    ipAddresses: ["127.0.0.1", address, "10.96.0.1"],
    usages: ["server"],
  };
}

function nodeCertificates(node: ProfileNode): [string, CertificateRequest][] {
  const { name, address } = node;
  return [
    ["kubelet-client", client(`system:node:${name}`, "system:nodes")],
    [
      "kubelet",
      {
        commonName: `system:node:${name}`,
        organizations: ["system:nodes"],
        dnsNames: [name, "localhost"],
        ipAddresses: [address, "127.0.0.1"],
        usages: ["server"],
      },
    ],
    ["kube-proxy", client("system:kube-proxy", "system:node-proxier")],
  ];
}

async function ensureAuthority(folder: string, name: string, commonName: string): Promise<IssuedCertificate> {
  const path = join(folder, name);
  const found = await readCertificate(path);
  if (found !== undefined) {
    const end = certificateExpiry(found.certificate);
    if (end > Date.now()) return found;
    const message = `the certificate authority ${path}.crt has ended on ${new Date(end).toISOString().slice(0, 10)}`;
    throw new MiniError("GUEST_CERT", message);
  }
  const authority = await createAuthority({ commonName, validityDays: authorityDays });
  await writeCertificate(path, authority);
  return authority;
}

async function ensureServiceAccountKey(folder: string): Promise<void> {
  const key = join(folder, "service-account.key");
  if ((await readFileIfPresent(key)) !== undefined) return;
  const { privateKey, publicKey } = await createKeyPair();
  await writeFileAtomically(join(folder, "service-account.pub"), publicKey, { mode: 0o644 });
  await writeFileAtomically(key, privateKey);
}

interface Wanted {
  readonly request: CertificateRequest;
  readonly authority: IssuedCertificate;
  readonly lifeMs: number;
}

/** `path` is without suffix. Whether it had to be made. */
async function ensureCertificate(path: string, { request, authority, lifeMs }: Wanted): Promise<boolean> {
  const found = await readCertificate(path);
  if (found !== undefined && isGood(found.certificate, authority.certificate, lifeMs)) return false;
  await writeCertificate(path, await issueCertificate({ authority, ...request, validityDays: lifeMs / dayMs }));
  return true;
}

function isGood(certificate: string, authority: string, lifeMs: number): boolean {
  const end = certificateExpiry(certificate);
  // What its authority outlives is of the length that was asked for.
  const wantedEnd = Math.min(issuedAt(certificate) + lifeMs, certificateExpiry(authority));
  if (Math.abs(end - wantedEnd) > toleranceMs) return false;
  return end - Date.now() > Math.min(renewalMs, renewalPart * lifeMs);
}

async function readCertificate(path: string): Promise<IssuedCertificate | undefined> {
  const certificate = await readFileIfPresent(`${path}.crt`);
  const privateKey = await readFileIfPresent(`${path}.key`);
  return certificate === undefined || privateKey === undefined ? undefined : { certificate, privateKey };
}

async function writeCertificate(path: string, { certificate, privateKey }: IssuedCertificate): Promise<void> {
  await writeFileAtomically(`${path}.key`, privateKey);
  await writeFileAtomically(`${path}.crt`, certificate, { mode: 0o644 });
}
