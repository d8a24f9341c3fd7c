/** SSH keys of a profile: one to log in with, and one host key that all its nodes share and that is therefore known. */
import { join } from "node:path";
import { readFileIfPresent, writeFileAtomically } from "../lib/atomic-file.ts";
import { profileFolder } from "./home.ts";

export interface SshKeys {
  /** OpenSSH private key of the user. */
  readonly identity: string;
  /** `ssh-ed25519 …` lines. */
  readonly authorizedKey: string;
  readonly hostKey: string;
  readonly hostPublicKey: string;
}

export async function ensureSshKeys(profile: string): Promise<SshKeys> {
  const folder = join(profileFolder(profile), "ssh");
  const user = await ensureKey(join(folder, "id_ed25519"), `mini-${profile}`);
  const host = await ensureKey(join(folder, "ssh_host_ed25519_key"), profile);
  return { identity: user[0], authorizedKey: user[1], hostKey: host[0], hostPublicKey: host[1] };
}

type KeyPair = readonly [privateKey: string, publicKey: string];

/** The pair in that file, or a new one where there is none, or none that can be used. */
async function ensureKey(path: string, comment: string): Promise<KeyPair> {
  const { default: ssh2 } = await import("ssh2");
  const [privateKey, publicKey] = [await readFileIfPresent(path), await readFileIfPresent(`${path}.pub`)];
  if (privateKey !== undefined && publicKey !== undefined && isWhole(ssh2, privateKey, publicKey)) {
    return [privateKey, publicKey];
  }
  const pair = generateKey(ssh2, comment);
  await writeFileAtomically(`${path}.pub`, pair[1], { mode: 0o644 });
  await writeFileAtomically(path, pair[0]);
  return pair;
}

/** ssh2 drops the leading zero bytes of a public key, and so writes one pair of 256 that nothing can read: mscdex/ssh2 1513. */
function generateKey(ssh2: typeof import("ssh2"), comment: string): KeyPair {
  for (;;) {
    const pair = ssh2.utils.generateKeyPairSync("ed25519", { comment });
    if (isWhole(ssh2, pair.private, pair.public)) return [pair.private, `${pair.public}\n`];
  }
}

const isWhole = ({ utils }: typeof import("ssh2"), privateKey: string, publicKey: string): boolean =>
  !(utils.parseKey(privateKey) instanceof Error) && !(utils.parseKey(publicKey) instanceof Error);
