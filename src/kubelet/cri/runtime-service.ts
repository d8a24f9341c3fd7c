/** The methods of the Container Runtime Interface that the kubelet uses, typed; each throws RuntimeError. */
import type { CallOptions, CriConnection } from "./connection.ts";
import type * as cri from "./generated/messages.ts";

/** Upstream's runtime request timeout; calls that wait for containers set their own. */
const defaultTimeoutMs = 120_000;
/** As upstream: a sandbox may have to wait for its network. */
const sandboxTimeoutMs = 2 * defaultTimeoutMs;

export interface RuntimeService {
  version(): Promise<cri.VersionResponse>;
  status(verbose?: boolean): Promise<cri.StatusResponse>;
  runPodSandbox(config: cri.PodSandboxConfig, runtimeHandler: string): Promise<string>;
  stopPodSandbox(id: string): Promise<void>;
  removePodSandbox(id: string): Promise<void>;
  podSandboxStatus(id: string): Promise<cri.PodSandboxStatus>;
  listPodSandboxes(filter?: cri.PodSandboxFilter): Promise<cri.PodSandbox[]>;
  createContainer(request: cri.CreateContainerRequest): Promise<string>;
  startContainer(id: string): Promise<void>;
  /** Sends the stop signal, after `timeoutSeconds` SIGKILL; resolves when the container has stopped. */
  stopContainer(id: string, timeoutSeconds: number, signal?: AbortSignal): Promise<void>;
  removeContainer(id: string): Promise<void>;
  listContainers(filter?: cri.ContainerFilter): Promise<cri.Container[]>;
  containerStatus(id: string): Promise<cri.ContainerStatus>;
  updateContainerResources(id: string, linux: cri.LinuxContainerResources): Promise<void>;
  reopenContainerLog(id: string): Promise<void>;
  /** Runs a command to its end. A command that outlives the timeout is a RuntimeError with code 4. */
  execSync(id: string, command: readonly string[], timeoutSeconds: number): Promise<ExecResult>;
  exec(request: cri.ExecRequest): Promise<string>;
  attach(request: cri.AttachRequest): Promise<string>;
  portForward(request: cri.PortForwardRequest): Promise<string>;
  containerStats(id: string): Promise<cri.ContainerStats | undefined>;
  listContainerStats(filter?: cri.ContainerStatsFilter): Promise<cri.ContainerStats[]>;
  updateRuntimeConfig(podCidr: string): Promise<void>;
  /** Unimplemented (12) in containerd before 1.7. */
  containerEvents(signal: AbortSignal): AsyncIterable<cri.ContainerEventResponse>;
}

export interface ExecResult {
  readonly stdout: Buffer;
  readonly stderr: Buffer;
  readonly exitCode: number;
}

export function createRuntimeService(connection: CriConnection): RuntimeService {
  const call = <R>(method: string, request: object, options: CallOptions = {}): Promise<R> =>
    connection.call<R>("RuntimeService", method, request, { timeoutMs: defaultTimeoutMs, ...options });
  const run = async (method: string, request: object, options?: CallOptions): Promise<void> => {
    await call(method, request, options);
  };
  return {
    version: () => call("Version", { version: "0.1.0" }),
    status: (verbose = false) => call("Status", { verbose }),
    runPodSandbox: async (config, runtimeHandler) =>
      (
        await call<cri.RunPodSandboxResponse>(
          "RunPodSandbox",
          { config, runtimeHandler },
          { timeoutMs: sandboxTimeoutMs },
        )
      ).podSandboxId ?? "",
    stopPodSandbox: (podSandboxId) => run("StopPodSandbox", { podSandboxId }),
    removePodSandbox: (podSandboxId) => run("RemovePodSandbox", { podSandboxId }),
    podSandboxStatus: async (podSandboxId) =>
      (await call<cri.PodSandboxStatusResponse>("PodSandboxStatus", { podSandboxId })).status ?? {},
    listPodSandboxes: async (filter) =>
      (await call<cri.ListPodSandboxResponse>("ListPodSandbox", { filter })).items ?? [],
    createContainer: async (request) =>
      (await call<cri.CreateContainerResponse>("CreateContainer", request)).containerId ?? "",
    startContainer: (containerId) => run("StartContainer", { containerId }),
    stopContainer: (containerId, timeout, signal) =>
      run("StopContainer", { containerId, timeout }, { timeoutMs: timeout * 1000 + defaultTimeoutMs, signal }),
    removeContainer: (containerId) => run("RemoveContainer", { containerId }),
    listContainers: async (filter) =>
      (await call<cri.ListContainersResponse>("ListContainers", { filter })).containers ?? [],
    containerStatus: async (containerId) =>
      (await call<cri.ContainerStatusResponse>("ContainerStatus", { containerId })).status ?? {},
    updateContainerResources: (containerId, linux) => run("UpdateContainerResources", { containerId, linux }),
    reopenContainerLog: (containerId) => run("ReopenContainerLog", { containerId }),
    execSync: async (containerId, cmd, timeout) => {
      const timeoutMs = timeout > 0 ? timeout * 1000 + 10_000 : undefined;
      const result = await call<cri.ExecSyncResponse>("ExecSync", { containerId, cmd, timeout }, { timeoutMs });
      return {
        stdout: Buffer.from(result.stdout ?? []),
        stderr: Buffer.from(result.stderr ?? []),
        exitCode: result.exitCode ?? 0,
      };
    },
    exec: async (request) => (await call<cri.ExecResponse>("Exec", request)).url ?? "",
    attach: async (request) => (await call<cri.AttachResponse>("Attach", request)).url ?? "",
    portForward: async (request) => (await call<cri.PortForwardResponse>("PortForward", request)).url ?? "",
    containerStats: async (containerId) =>
      (await call<cri.ContainerStatsResponse>("ContainerStats", { containerId })).stats,
    listContainerStats: async (filter) =>
      (await call<cri.ListContainerStatsResponse>("ListContainerStats", { filter })).stats ?? [],
    updateRuntimeConfig: (podCidr) => run("UpdateRuntimeConfig", { runtimeConfig: { networkConfig: { podCidr } } }),
    containerEvents: (signal) => connection.stream("RuntimeService", "GetContainerEvents", {}, signal),
  };
}
