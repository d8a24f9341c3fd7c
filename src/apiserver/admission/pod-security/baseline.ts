/** The baseline level of the Pod Security Standards, at their latest version, in the order of upstream's check names. */
import { allContainers } from "../../../kinds/core/pod/all-containers.ts";
import { safeSysctls } from "../../../kinds/core/pod/safe-sysctls.ts";
import type { Container, LifecycleHandler, Probe, SELinuxOptions } from "../../../kinds/generated/core-v1.ts";
import type { Check } from "./check.ts";
import * as check from "./check.ts";

const allowedCapabilities = new Set(
  "AUDIT_WRITE CHOWN DAC_OVERRIDE FOWNER FSETID KILL MKNOD NET_BIND_SERVICE SETFCAP SETGID SETPCAP SETUID SYS_CHROOT".split(
    " ",
  ),
);
const allowedProfiles = new Set(["RuntimeDefault", "Localhost"]);
const allowedSeLinuxTypes = new Set(["", "container_t", "container_init_t", "container_kvm_t", "container_engine_t"]);
const appArmorPrefix = "container.apparmor.security.beta.kubernetes.io/";

const appArmorProfile: Check = ({ spec, annotations }) => {
  const isBad = (type: string | undefined): boolean => !allowedProfiles.has(type ?? "");
  const setters: string[] = [];
  const bySpec = check.badSetters(spec, ({ appArmorProfile: profile }) => profile !== undefined && isBad(profile.type));
  if (bySpec !== undefined) setters.push(bySpec);
  const types = check.valuesOf(spec, ({ appArmorProfile: profile }) => profile?.type).filter(isBad);
  const values = [...new Set(types)].sort();
  const forbidden = Object.entries(annotations)
    .filter(([key, value]) => key.startsWith(appArmorPrefix) && !/^$|^runtime\/default$|^localhost\//.test(value))
    .map(([key, value]) => `${key}=${JSON.stringify(value)}`)
    .sort();
  if (forbidden.length > 0) setters.push(check.plural("annotation", "annotations", forbidden.length));
  const all = [...values, ...forbidden];
  if (setters.length === 0) return undefined;
  return {
    reason: check.plural("forbidden AppArmor profile", "forbidden AppArmor profiles", all.length),
    detail: `${setters.join(" and ")} must not set AppArmor profile type to ${check.quoted(all)}`,
  };
};

/** Left to the restricted level's own check there. */
export const capabilitiesBaseline: Check = ({ spec }) => {
  const bad = allContainers(spec).flatMap(({ name, securityContext }) => {
    const added = (securityContext?.capabilities?.add ?? []).filter((one) => !allowedCapabilities.has(one));
    return added.length > 0 ? [{ name, added }] : [];
  });
  if (bad.length === 0) return undefined;
  const names = check.containersNamed(bad.map(({ name }) => name));
  const added = check.sortedQuoted(bad.flatMap((one) => one.added));
  return {
    reason: "non-default capabilities",
    detail: `${names} must not include ${added} in securityContext.capabilities.add`,
  };
};

const hostNamespaces: Check = ({ spec }) => {
  const used = (["hostNetwork", "hostPID", "hostIPC"] as const).filter((name) => spec[name] === true);
  if (used.length === 0) return undefined;
  return { reason: "host namespaces", detail: used.map((name) => `${name}=true`).join(", ") };
};

const hostPathVolumes: Check = ({ spec }) => {
  const names = (spec.volumes ?? []).filter((volume) => volume.hostPath !== undefined).map((volume) => volume.name);
  if (names.length === 0) return undefined;
  const detail = `${check.plural("volume", "volumes", names.length)} ${check.quoted(names)}`;
  return { reason: "hostPath volumes", detail };
};

const hostPorts: Check = ({ spec }) => {
  const bad = allContainers(spec).filter(({ ports }) => ports?.some((port) => port.hostPort));
  if (bad.length === 0) return undefined;
  const ports = [
    ...new Set(bad.flatMap((one) => (one.ports ?? []).flatMap(({ hostPort }) => (hostPort ? [hostPort] : [])))),
  ];
  const list = ports.map(String).sort();
  const uses = check.plural("uses", "use", bad.length);
  const what = check.plural("hostPort", "hostPorts", list.length);
  const names = check.containersNamed(bad.map(({ name }) => name));
  return { reason: "hostPort", detail: `${names} ${uses} ${what} ${list.join(", ")}` };
};

const hostProbesAndLifecycle: Check = ({ spec }) => {
  const hosts = (handler: Probe | LifecycleHandler | undefined): string[] =>
    [handler?.httpGet?.host, handler?.tcpSocket?.host].flatMap((host) => (host ? [host] : []));
  const used = ({ livenessProbe, readinessProbe, startupProbe, lifecycle }: Container): string[] =>
    [livenessProbe, readinessProbe, startupProbe, lifecycle?.postStart, lifecycle?.preStop].flatMap(hosts);
  const bad = allContainers(spec).filter((container) => used(container).length > 0);
  if (bad.length === 0) return undefined;
  const names = [...new Set(bad.map(({ name }) => name))].sort();
  const forbidden = new Set(bad.flatMap(used));
  const what = check.plural("probe or lifecycle host", "probe or lifecycle hosts", forbidden.size);
  const uses = check.plural("uses", "use", names.length);
  const detail = `${check.containersNamed(names)} ${uses} ${what} ${check.sortedQuoted(forbidden)}`;
  return { reason: "probe or lifecycle host", detail };
};

const privileged: Check = ({ spec }) => {
  const bad = allContainers(spec).filter(({ securityContext }) => securityContext?.privileged === true);
  if (bad.length === 0) return undefined;
  const names = check.containersNamed(bad.map(({ name }) => name));
  return { reason: "privileged", detail: `${names} must not set securityContext.privileged=true` };
};

const procMount: Check = ({ spec }) => {
  if (check.inUserNamespace(spec)) return undefined;
  return procMountRestricted({ spec, annotations: {} });
};

const procMountRestricted: Check = ({ spec }) => {
  const isBad = ({ securityContext }: Container): boolean =>
    !["", "Default"].includes(securityContext?.procMount ?? "");
  const bad = allContainers(spec).filter(isBad);
  if (bad.length === 0) return undefined;
  const names = check.containersNamed(bad.map(({ name }) => name));
  const types = check.sortedQuoted(bad.map(({ securityContext }) => securityContext?.procMount ?? ""));
  return { reason: "procMount", detail: `${names} must not set securityContext.procMount to ${types}` };
};

const seLinuxOptions: Check = ({ spec }) => {
  const isBad = ({ type = "", user, role }: SELinuxOptions): boolean =>
    !allowedSeLinuxTypes.has(type) || Boolean(user) || Boolean(role);
  const setters = check.badSetters(spec, ({ seLinuxOptions: options }) => options !== undefined && isBad(options));
  if (setters === undefined) return undefined;
  const all = check.valuesOf(spec, ({ seLinuxOptions: options }) => options);
  const types = new Set(all.map(({ type = "" }) => type).filter((type) => !allowedSeLinuxTypes.has(type)));
  const complaints: string[] = [];
  if (types.size > 0) complaints.push(`${check.plural("type", "types", types.size)} ${check.sortedQuoted(types)}`);
  if (all.some(({ user }) => user)) complaints.push("user may not be set");
  if (all.some(({ role }) => role)) complaints.push("role may not be set");
  return {
    reason: "seLinuxOptions",
    detail: `${setters} set forbidden securityContext.seLinuxOptions: ${complaints.join("; ")}`,
  };
};

/** Also the first half of the restricted level's check. */
export const seccompBaseline: Check = ({ spec }) => {
  const isBad = (type: string | undefined): boolean => !allowedProfiles.has(type ?? "");
  const setters = check.badSetters(
    spec,
    ({ seccompProfile }) => seccompProfile !== undefined && isBad(seccompProfile.type),
  );
  if (setters === undefined) return undefined;
  const types = check.valuesOf(spec, ({ seccompProfile }) => seccompProfile?.type).filter(isBad);
  return {
    reason: "seccompProfile",
    detail: `${setters} must not set securityContext.seccompProfile.type to ${check.sortedQuoted(types)}`,
  };
};

const sysctls: Check = ({ spec }) => {
  const names = (spec.securityContext?.sysctls ?? []).map(({ name }) => name);
  const bad = names.filter((name) => !safeSysctls.has(name));
  return bad.length === 0 ? undefined : { reason: "forbidden sysctls", detail: bad.join(", ") };
};

const windowsHostProcess: Check = ({ spec }) => {
  const setters = check.badSetters(spec, ({ windowsOptions }) => windowsOptions?.hostProcess === true);
  if (setters === undefined) return undefined;
  return { reason: "hostProcess", detail: `${setters} must not set securityContext.windowsOptions.hostProcess=true` };
};

const common = {
  before: [appArmorProfile],
  middle: [hostNamespaces, hostPathVolumes, hostPorts, hostProbesAndLifecycle, privileged],
  after: [sysctls, windowsHostProcess],
};

export const baselineChecks: readonly Check[] = [
  ...common.before,
  capabilitiesBaseline,
  ...common.middle,
  procMount,
  seLinuxOptions,
  seccompBaseline,
  ...common.after,
];

/** Those that the restricted level does not replace by stricter ones. */
export const baselineChecksOfRestricted: readonly Check[] = [
  ...common.before,
  ...common.middle,
  seLinuxOptions,
  ...common.after,
];

export { procMountRestricted };
