import { createPublicKey, type KeyObject } from "node:crypto";
import { keyId, signingAlgorithm } from "./service-account-key.ts";

export const openidConfigurationPath = "/.well-known/openid-configuration";
export const jsonWebKeySetPath = "/openid/v1/jwks";

/** Body of /.well-known/openid-configuration (served as application/json). */
export function openidConfiguration(issuer: string, jwksUri: string, keys: readonly KeyObject[]): object {
  return {
    issuer,
    jwks_uri: jwksUri,
    response_types_supported: ["id_token"],
    subject_types_supported: ["public"],
    id_token_signing_alg_values_supported: [...new Set(keys.map(signingAlgorithm))].sort(),
  };
}

/** Body of /openid/v1/jwks (served as application/jwk-set+json). */
export function jsonWebKeySet(keys: readonly KeyObject[]): object {
  return {
    keys: keys.map((key) => {
      const publicKey = key.type === "private" ? createPublicKey(key) : key;
      const { kty, ...rest } = publicKey.export({ format: "jwk" });
      return { use: "sig", kty, kid: keyId(publicKey), alg: signingAlgorithm(publicKey), ...rest };
    }),
  };
}
