/** ValidateSecret, ValidateSecretUpdate: what each type of secret must hold. */
import {
  type FieldError,
  forbiddenField,
  invalidValue,
  required,
  tooLong,
} from "../../../machinery/errors/field-error.ts";
import { describeSyntaxError } from "../../../machinery/schema/json-syntax-error.ts";
import { isConfigMapKey } from "../../../machinery/validation/names.ts";
import { checkImmutable } from "../../field-checks.ts";
import type { Secret } from "../../generated/core-v1.ts";
import { semanticEqual } from "../../semantic-equal.ts";
import { base64Length } from "../base64-length.ts";

/** Bytes. */
const largest = 1024 * 1024;
const frozen = "field is immutable when `immutable` is set";
const accountAnnotation = "kubernetes.io/service-account.name";

export function validateSecret(secret: Secret): FieldError[] {
  const errors: FieldError[] = [];
  let size = 0;
  for (const [key, value] of Object.entries(secret.data ?? {})) {
    errors.push(...isConfigMapKey(key).map((one) => invalidValue(`data[${key}]`, key, one)));
    size += base64Length(value);
  }
  if (size > largest) errors.push(tooLong("data", largest));
  return [...errors, ...validateType(secret)];
}

function validateType({ type, data = {}, metadata }: Secret): FieldError[] {
  const missing = (...keys: string[]) =>
    keys.filter((key) => !Object.hasOwn(data, key)).map((key) => required(`data[${key}]`));
  switch (type) {
    case "kubernetes.io/service-account-token":
      return metadata?.annotations?.[accountAnnotation] ? [] : [required(`metadata.annotations[${accountAnnotation}]`)];
    case "kubernetes.io/dockercfg":
      return validateJson(data, ".dockercfg");
    case "kubernetes.io/dockerconfigjson":
      return validateJson(data, ".dockerconfigjson");
    case "kubernetes.io/basic-auth":
      return "username" in data || "password" in data ? [] : missing("username", "password");
    case "kubernetes.io/ssh-auth":
      return data["ssh-privatekey"] ? [] : [required("data[ssh-privatekey]")];
    case "kubernetes.io/tls":
      return missing("tls.crt", "tls.key");
    default:
      return [];
  }
}

function validateJson(data: Readonly<Record<string, string>>, key: string): FieldError[] {
  const path = `data[${key}]`;
  const text = data[key];
  if (text === undefined) return [required(path)];
  const redacted = "<secret contents redacted>";
  const json = Buffer.from(text, "base64").toString();
  try {
    const value: unknown = JSON.parse(json);
    if (typeof value === "object" && !Array.isArray(value)) return [];
    return [invalidValue(path, redacted, "json: cannot unmarshal into Go value of type map[string]interface {}")];
  } catch (error) {
    if (error instanceof SyntaxError) return [invalidValue(path, redacted, describeSyntaxError(json))];
    throw error;
  }
}

export function validateSecretUpdate(secret: Secret, old: Secret): FieldError[] {
  const errors = checkImmutable("type", secret.type, old.type);
  if (!old.immutable) return errors;
  if (!secret.immutable) errors.push(forbiddenField("immutable", frozen));
  if (!semanticEqual(secret.data, old.data)) errors.push(forbiddenField("data", frozen));
  return errors;
}
