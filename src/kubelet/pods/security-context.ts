/** What a pod and its containers may do, in the runtime's terms. */
import { existsSync } from "node:fs";
import { join } from "node:path";
import type {
  AppArmorProfile,
  Container,
  Pod,
  SeccompProfile,
  SecurityContext,
} from "../../kinds/generated/core-v1.ts";
import type {
  Int64Value,
  LinuxContainerSecurityContext,
  LinuxSandboxSecurityContext,
  NamespaceOption,
  SecurityProfile,
  SupplementalGroupsPolicy,
} from "../cri/generated/messages.ts";
import { podUid } from "./labels.ts";

const maskedPaths = [
  "/proc/asound",
  "/proc/acpi",
  "/proc/interrupts",
  "/proc/kcore",
  "/proc/keys",
  "/proc/latency_stats",
  "/proc/timer_list",
  "/proc/timer_stats",
  "/proc/sched_debug",
  "/proc/scsi",
  "/sys/firmware",
  "/sys/devices/virtual/powercap",
];
const readonlyPaths = ["/proc/bus", "/proc/fs", "/proc/irq", "/proc/sys", "/proc/sysrq-trigger"];

/** The user that the image names: a number, or a name that only the image can resolve. */
export interface ImageUser {
  readonly uid?: number | undefined;
  readonly username?: string | undefined;
}

function podNamespaces(pod: Pod): NamespaceOption {
  const spec = pod.spec;
  return {
    network: spec?.hostNetwork === true ? "NODE" : "POD",
    ipc: spec?.hostIPC === true ? "NODE" : "POD",
    pid: spec?.hostPID === true ? "NODE" : spec?.shareProcessNamespace === true ? "POD" : "CONTAINER",
  };
}

const int64 = (value: number | undefined): Int64Value | undefined => (value === undefined ? undefined : { value });

/** Leaves out what is undefined, which protobufjs would encode as a default. */
function defined<T extends object>(object: T): T {
  return Object.fromEntries(Object.entries(object).filter(([, value]) => value !== undefined)) as T;
}

export function sandboxSecurityContext(pod: Pod): LinuxSandboxSecurityContext {
  const context = pod.spec?.securityContext;
  const all = [...(pod.spec?.containers ?? []), ...(pod.spec?.initContainers ?? [])];
  return defined<LinuxSandboxSecurityContext>({
    namespaceOptions: podNamespaces(pod),
    privileged: all.some(({ securityContext }) => securityContext?.privileged === true),
    seccomp: { profileType: "RuntimeDefault" },
    runAsUser: int64(context?.runAsUser),
    runAsGroup: int64(context?.runAsGroup),
    supplementalGroups: podGroups(pod),
    supplementalGroupsPolicy: context?.supplementalGroupsPolicy as SupplementalGroupsPolicy | undefined,
    selinuxOptions: context?.seLinuxOptions,
  });
}

function podGroups(pod: Pod): number[] {
  const context = pod.spec?.securityContext;
  return [...(context?.fsGroup === undefined ? [] : [context.fsGroup]), ...(context?.supplementalGroups ?? [])];
}

export interface ContainerSecurityInput {
  readonly pod: Pod;
  readonly container: Container;
  readonly image: ImageUser;
  /** Folder of `Localhost` profiles. */
  readonly seccompFolder: string;
  /** Id of the container whose processes an ephemeral container sees. */
  readonly targetId?: string | undefined;
}

/** Throws where the image's user breaks runAsNonRoot. */
export function containerSecurityContext(input: ContainerSecurityInput): LinuxContainerSecurityContext {
  const { pod, container, image, targetId } = input;
  const podContext = pod.spec?.securityContext;
  const context: SecurityContext = {
    ...(podContext?.runAsUser === undefined ? {} : { runAsUser: podContext.runAsUser }),
    ...(podContext?.runAsGroup === undefined ? {} : { runAsGroup: podContext.runAsGroup }),
    ...(podContext?.runAsNonRoot === undefined ? {} : { runAsNonRoot: podContext.runAsNonRoot }),
    ...defined(container.securityContext ?? {}),
  };
  verifyNonRoot(context, input);
  const unmasked = context.procMount === "Unmasked";
  const useImage = context.runAsUser === undefined;
  const appArmor = appArmorProfile(context.appArmorProfile ?? podContext?.appArmorProfile);
  const namespaces = podNamespaces(pod);
  return defined<LinuxContainerSecurityContext>({
    privileged: context.privileged === true,
    readonlyRootfs: context.readOnlyRootFilesystem === true,
    capabilities:
      context.capabilities === undefined
        ? undefined
        : {
            addCapabilities: context.capabilities.add ?? [],
            dropCapabilities: context.capabilities.drop ?? [],
          },
    selinuxOptions: context.seLinuxOptions ?? podContext?.seLinuxOptions,
    runAsUser: int64(context.runAsUser ?? image.uid),
    runAsGroup: int64(context.runAsGroup),
    runAsUsername: useImage && image.uid === undefined ? image.username || undefined : undefined,
    namespaceOptions: targetId === undefined ? namespaces : { ...namespaces, pid: "TARGET", targetId },
    supplementalGroups: podGroups(pod),
    supplementalGroupsPolicy: podContext?.supplementalGroupsPolicy as SupplementalGroupsPolicy | undefined,
    noNewPrivs: context.allowPrivilegeEscalation === false,
    maskedPaths: unmasked ? [] : maskedPaths,
    readonlyPaths: unmasked ? [] : readonlyPaths,
    seccomp: seccompProfile(context.seccompProfile ?? podContext?.seccompProfile, input.seccompFolder),
    apparmor: appArmor,
  });
}

function seccompProfile(profile: SeccompProfile | undefined, folder: string): SecurityProfile {
  if (profile?.type === "Localhost") {
    return { profileType: "Localhost", localhostRef: join(folder, profile.localhostProfile ?? "") };
  }
  return { profileType: profile?.type === "RuntimeDefault" ? "RuntimeDefault" : "Unconfined" };
}

function appArmorProfile(profile: AppArmorProfile | undefined): SecurityProfile | undefined {
  if (profile === undefined || !existsSync("/sys/kernel/security/apparmor")) return undefined;
  if (profile.type === "Localhost") return { profileType: "Localhost", localhostRef: profile.localhostProfile ?? "" };
  return { profileType: profile.type === "Unconfined" ? "Unconfined" : "RuntimeDefault" };
}

function verifyNonRoot(context: SecurityContext, { pod, container, image }: ContainerSecurityInput): void {
  if (context.runAsNonRoot !== true) return;
  const { name = "", namespace = "" } = pod.metadata ?? {};
  const where = `(pod: "${name}_${namespace}(${podUid(pod)})", container: ${container.name})`;
  if (context.runAsUser !== undefined) {
    if (context.runAsUser === 0) throw new Error(`container's runAsUser breaks non-root policy ${where}`);
    return;
  }
  if (image.uid !== undefined) {
    if (image.uid === 0) throw new Error(`container has runAsNonRoot and image will run as root ${where}`);
  } else if (image.username) {
    throw new Error(
      `container has runAsNonRoot and image has non-numeric user (${image.username}), cannot verify user is non-root ${where}`,
    );
  } else throw new Error(`container has runAsNonRoot and image will run as root ${where}`);
}
