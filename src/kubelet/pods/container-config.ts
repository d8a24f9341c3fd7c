/** A container as the runtime is asked for it: command, environment, mounts, resources, security. */
import type { Container, Pod, VolumeMount } from "../../kinds/generated/core-v1.ts";
import type { ContainerConfig, ImageSpec, Mount, MountPropagation, Signal } from "../cri/generated/messages.ts";
import { containerResources } from "../resources/cgroup-values.ts";
import { checkTogether, expand } from "./expansion.ts";
import { containerAnnotations, containerLabels } from "./labels.ts";
import { containerSecurityContext, type ImageUser } from "./security-context.ts";

export interface ContainerConfigInput {
  readonly pod: Pod;
  readonly container: Container;
  readonly restartCount: number;
  /** Id of the image, as the runtime gave it. */
  readonly imageRef: string;
  readonly imageUser: ImageUser;
  readonly environment: ReadonlyMap<string, string>;
  readonly mounts: readonly Mount[];
  readonly memoryCapacity: number;
  readonly seccompFolder: string;
  readonly targetId?: string | undefined;
}

export function containerConfig(input: ContainerConfigInput): ContainerConfig {
  const { pod, container, restartCount, environment } = input;
  const expanded = (texts: readonly string[] = []): string[] => {
    const results = texts.map((text) => expand(text, (name) => environment.get(name)));
    checkTogether(results);
    return results;
  };
  const stopSignal = container.lifecycle?.stopSignal;
  return {
    metadata: { name: container.name, attempt: restartCount },
    image: { image: input.imageRef, userSpecifiedImage: container.image } satisfies ImageSpec,
    command: expanded(container.command),
    args: expanded(container.args),
    workingDir: container.workingDir ?? "",
    envs: [...environment].map(([key, value]) => ({ key, value: Buffer.from(value) })),
    mounts: [...input.mounts],
    labels: containerLabels(pod, container),
    annotations: containerAnnotations(pod, container, restartCount),
    logPath: containerLogPath(container.name, restartCount),
    stdin: container.stdin === true,
    stdinOnce: container.stdinOnce === true,
    tty: container.tty === true,
    linux: {
      resources: containerResources(pod, container, input.memoryCapacity),
      securityContext: containerSecurityContext({
        pod,
        container,
        image: input.imageUser,
        seccompFolder: input.seccompFolder,
        targetId: input.targetId,
      }),
    },
    ...(stopSignal === undefined ? {} : { stopSignal: stopSignal as Signal }),
  };
}

/** Under the pod's log directory. */
function containerLogPath(name: string, restartCount: number): string {
  return `${name}/${restartCount}.log`;
}

const propagations: Readonly<Record<string, MountPropagation>> = {
  None: "PROPAGATION_PRIVATE",
  HostToContainer: "PROPAGATION_HOST_TO_CONTAINER",
  Bidirectional: "PROPAGATION_BIDIRECTIONAL",
};

export function mountPropagation({ mountPropagation }: VolumeMount): MountPropagation {
  return propagations[mountPropagation ?? "None"] ?? "PROPAGATION_PRIVATE";
}
