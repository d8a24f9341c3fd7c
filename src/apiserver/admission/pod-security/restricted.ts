/** What the restricted level of the Pod Security Standards asks beyond baseline, at their latest version. */
import { allContainers } from "../../../kinds/core/pod/all-containers.ts";
import type { Volume } from "../../../kinds/generated/core-v1.ts";
import { baselineChecksOfRestricted, procMountRestricted, seccompBaseline } from "./baseline.ts";
import type { Check } from "./check.ts";
import * as check from "./check.ts";

const allowedVolumes = [
  "configMap",
  "csi",
  "downwardAPI",
  "emptyDir",
  "ephemeral",
  "image",
  "persistentVolumeClaim",
  "projected",
  "secret",
];

const allowPrivilegeEscalation: Check = ({ spec }) => {
  if (check.isWindows(spec)) return undefined;
  const bad = allContainers(spec).filter(({ securityContext }) => securityContext?.allowPrivilegeEscalation !== false);
  if (bad.length === 0) return undefined;
  const names = check.containersNamed(bad.map(({ name }) => name));
  return {
    reason: "allowPrivilegeEscalation != false",
    detail: `${names} must set securityContext.allowPrivilegeEscalation=false`,
  };
};

const capabilities: Check = ({ spec }) => {
  if (check.isWindows(spec)) return undefined;
  const containers = allContainers(spec);
  const details: string[] = [];
  const keeping = containers.filter(({ securityContext }) => !securityContext?.capabilities?.drop?.includes("ALL"));
  if (keeping.length > 0) {
    const names = check.containersNamed(keeping.map(({ name }) => name));
    details.push(`${names} must set securityContext.capabilities.drop=["ALL"]`);
  }
  const forbidden = (add: readonly string[] | undefined): string[] =>
    (add ?? []).filter((one) => one !== "NET_BIND_SERVICE");
  const adding = containers.filter(({ securityContext }) => forbidden(securityContext?.capabilities?.add).length > 0);
  if (adding.length > 0) {
    const names = check.containersNamed(adding.map(({ name }) => name));
    const added = check.sortedQuoted(adding.flatMap((one) => forbidden(one.securityContext?.capabilities?.add)));
    details.push(`${names} must not include ${added} in securityContext.capabilities.add`);
  }
  return details.length === 0 ? undefined : { reason: "unrestricted capabilities", detail: details.join("; ") };
};

const restrictedVolumes: Check = ({ spec }) => {
  const typeOf = (volume: Volume): string => {
    const [type] = Object.keys(volume).filter((key) => key !== "name" && volume[key as keyof Volume] !== undefined);
    return type ?? "emptyDir";
  };
  const bad = (spec.volumes ?? []).filter((volume) => !allowedVolumes.includes(typeOf(volume)));
  if (bad.length === 0) return undefined;
  const names = check.quoted(bad.map(({ name }) => name));
  const types = new Set(bad.map(typeOf));
  const what = check.plural("restricted volume type", "restricted volume types", types.size);
  const uses = check.plural("uses", "use", bad.length);
  const detail = `${check.plural("volume", "volumes", bad.length)} ${names} ${uses} ${what} ${check.sortedQuoted(types)}`;
  return { reason: "restricted volume types", detail };
};

const runAsNonRoot: Check = ({ spec }) => {
  if (check.inUserNamespace(spec)) return undefined;
  const reason = "runAsNonRoot != true";
  const setters = check.badSetters(spec, (context) => context.runAsNonRoot === false);
  if (setters !== undefined) return { reason, detail: `${setters} must not set securityContext.runAsNonRoot=false` };
  if (spec.securityContext?.runAsNonRoot === true) return undefined;
  const bad = allContainers(spec).filter(({ securityContext }) => securityContext?.runAsNonRoot === undefined);
  if (bad.length === 0) return undefined;
  const names = check.containersNamed(bad.map(({ name }) => name));
  return { reason, detail: `pod or ${names} must set securityContext.runAsNonRoot=true` };
};

const runAsUser: Check = ({ spec }) => {
  if (check.inUserNamespace(spec)) return undefined;
  const setters = check.badSetters(spec, (context) => context.runAsUser === 0);
  return setters === undefined ? undefined : { reason: "runAsUser=0", detail: `${setters} must not set runAsUser=0` };
};

const seccompProfile: Check = (pod) => {
  const { spec } = pod;
  if (check.isWindows(spec)) return undefined;
  const explicit = seccompBaseline(pod);
  if (explicit !== undefined || spec.securityContext?.seccompProfile !== undefined) return explicit;
  const bad = allContainers(spec).filter(({ securityContext }) => securityContext?.seccompProfile === undefined);
  if (bad.length === 0) return undefined;
  const names = check.containersNamed(bad.map(({ name }) => name));
  return {
    reason: "seccompProfile",
    detail: `pod or ${names} must set securityContext.seccompProfile.type to "RuntimeDefault" or "Localhost"`,
  };
};

export const restrictedChecks: readonly Check[] = [
  ...baselineChecksOfRestricted,
  allowPrivilegeEscalation,
  capabilities,
  procMountRestricted,
  restrictedVolumes,
  runAsNonRoot,
  runAsUser,
  seccompProfile,
];
