/** Projected volumes: one kind of source an entry, no path twice. */
import { type FieldError, forbiddenField, invalidValue, required } from "../../../../machinery/errors/field-error.ts";
import { checkEach, checkRequired } from "../../../field-checks.ts";
import type {
  KeyToPath,
  ProjectedVolumeSource,
  ServiceAccountTokenProjection,
  VolumeProjection,
} from "../../../generated/core-v1.ts";
import { validateFileInVolume } from "./paths.ts";
import { validateDownwardFile, validateKeyToPath, validateMode } from "./volume-files.ts";

const shortestToken = 600;
const longestToken = 2 ** 32;

export function validateProjected({ defaultMode, sources }: ProjectedVolumeSource, path: string): FieldError[] {
  const paths = new Set<string>();
  /** Upstream reports a repeated path at the volume, with the name of the second source that has it. */
  const claim = (file: string | undefined, shown: string | undefined): FieldError[] => {
    if (!file) return [];
    if (paths.has(file)) return [invalidValue(path, shown ?? "", "conflicting duplicate paths")];
    paths.add(file);
    return [];
  };
  return [
    ...validateMode(defaultMode, `${path}.defaultMode`),
    ...checkEach(sources, `${path}.sources`, (source, place) => validateProjection(source, place, path, claim)),
  ];
}

type Claim = (file: string | undefined, shown: string | undefined) => FieldError[];

function validateProjection(source: VolumeProjection, path: string, volumePath: string, claim: Claim): FieldError[] {
  const { secret, configMap, downwardAPI, serviceAccountToken } = source;
  const errors: FieldError[] = [];
  if (secret) errors.push(...validateNamed(secret, `${path}.secret`, claim));
  if (configMap) errors.push(...validateNamed(configMap, `${path}.configMap`, claim));
  for (const file of downwardAPI?.items ?? []) {
    errors.push(...validateDownwardFile(file, `${path}.downwardAPI`), ...claim(file.path, file.path));
  }
  if (serviceAccountToken) {
    errors.push(...validateToken(serviceAccountToken, `${path}.serviceAccountToken`, volumePath));
  }
  if (Object.values(source).filter((one) => one !== undefined).length > 1) {
    errors.push(forbiddenField(path, "may not specify more than 1 volume type per source"));
  }
  return errors;
}

function validateNamed(
  { name, items }: { name?: string | undefined; items?: KeyToPath[] | undefined },
  path: string,
  claim: Claim,
): FieldError[] {
  return [
    ...checkRequired(`${path}.name`, name),
    ...checkEach(items, `${path}.items`, (item, place) => [
      ...validateKeyToPath(item, place),
      ...claim(item.path, name),
    ]),
  ];
}

function validateToken(token: ServiceAccountTokenProjection, path: string, volumePath: string): FieldError[] {
  const seconds = token.expirationSeconds ?? 0;
  const place = `${path}.expirationSeconds`;
  const errors: FieldError[] = [];
  if (seconds < shortestToken) {
    errors.push(invalidValue(place, seconds, "may not specify a duration less than 10 minutes"));
  }
  if (seconds > longestToken) {
    errors.push(invalidValue(place, seconds, "may not specify a duration larger than 2^32 seconds"));
  }
  if (!token.path) return [...errors, required(`${volumePath}.path`)];
  return [...errors, ...validateFileInVolume(token.path, `${volumePath}.path`)];
}
