/** Usages of a key by the names that signing requests give them, and what they are in a certificate (RFC 5280). */

/** Bits of the extension keyUsage, by name. */
const flagsByUsage = {
  signing: 1,
  "digital signature": 1,
  "content commitment": 2,
  "key encipherment": 4,
  "data encipherment": 8,
  "key agreement": 16,
  "cert sign": 32,
  "crl sign": 64,
  "encipher only": 128,
  "decipher only": 256,
} as const;

/** Purposes of the extension extKeyUsage, by name. */
const purposesByUsage = {
  any: "2.5.29.37.0",
  "server auth": "1.3.6.1.5.5.7.3.1",
  "client auth": "1.3.6.1.5.5.7.3.2",
  "code signing": "1.3.6.1.5.5.7.3.3",
  "email protection": "1.3.6.1.5.5.7.3.4",
  "s/mime": "1.3.6.1.5.5.7.3.4",
  "ipsec end system": "1.3.6.1.5.5.7.3.5",
  "ipsec tunnel": "1.3.6.1.5.5.7.3.6",
  "ipsec user": "1.3.6.1.5.5.7.3.7",
  timestamping: "1.3.6.1.5.5.7.3.8",
  "ocsp signing": "1.3.6.1.5.5.7.3.9",
  "microsoft sgc": "1.3.6.1.4.1.311.10.3.3",
  "netscape sgc": "2.16.840.1.113730.4.1",
} as const;

export type KeyUsage = keyof typeof flagsByUsage | keyof typeof purposesByUsage;

/** All of them, sorted. */
export const knownKeyUsages: readonly string[] = [...Object.keys(flagsByUsage), ...Object.keys(purposesByUsage)].sort();

export const isKeyUsage = (name: string): name is KeyUsage => knownKeyUsages.includes(name);

/** `flags` in the numbering of the X.509 library; `purposes` are object identifiers, each once. */
export function keyUsages(usages: readonly KeyUsage[]): { readonly flags: number; readonly purposes: string[] } {
  let flags = 0;
  const purposes = new Set<string>();
  for (const usage of usages) {
    if (usage in flagsByUsage) flags |= flagsByUsage[usage as keyof typeof flagsByUsage];
    else purposes.add(purposesByUsage[usage as keyof typeof purposesByUsage]);
  }
  return { flags, purposes: [...purposes].sort() };
}
