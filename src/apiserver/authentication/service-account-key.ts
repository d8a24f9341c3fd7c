import { createHash, createPublicKey, type KeyObject } from "node:crypto";

/** Base64url of the SHA-256 of the key's PKIX form: the `kid` that kube-apiserver gives its tokens. */
export function keyId(key: KeyObject): string {
  const publicKey = key.type === "private" ? createPublicKey(key) : key;
  return createHash("sha256")
    .update(publicKey.export({ type: "spki", format: "der" }))
    .digest("base64url");
}

/** JWS algorithm for a key: RS256, or ES256, ES384, ES512 by curve. Throws on others. */
export function signingAlgorithm(key: KeyObject): string {
  if (key.asymmetricKeyType === "rsa") return "RS256";
  const curve = key.asymmetricKeyDetails?.namedCurve;
  const algorithms: Record<string, string> = { prime256v1: "ES256", secp384r1: "ES384", secp521r1: "ES512" };
  const algorithm = curve === undefined ? undefined : algorithms[curve];
  if (algorithm === undefined)
    throw new Error(`service account keys must be RSA or ECDSA, not ${key.asymmetricKeyType}`);
  return algorithm;
}
