/**
 * The volumes of pods on this node. Folders lie under the pod's own; contents that are secret lie in one tmpfs for
 * all pods, so that no mount is needed for each.
 */
import { chmod, mkdir, readdir } from "node:fs/promises";
import { join } from "node:path";
import type { Client } from "../../client/types.ts";
import type { Pod, Volume } from "../../kinds/generated/core-v1.ts";
import { allEnded } from "../../lib/all-ended.ts";
import { removeTree } from "../../lib/beneath.ts";
import type { Clock } from "../../lib/clock.ts";
import type { ConfigSource } from "../pods/environment.ts";
import type { FieldContext } from "../pods/field-values.ts";
import { podUid } from "../pods/labels.ts";
import { type KubeletSettings, podFolder, volumeFolder } from "../settings.ts";
import { writeAtomically } from "./atomic-writer.ts";
import { volumeContents } from "./contents.ts";
import { prepareEmptyDir } from "./empty-dir.ts";
import { prepareHostPath } from "./host-path.ts";
import type { ImageMounts } from "./image-mounts.ts";
import { mountTmpfs, unmountAll } from "./mount-commands.ts";
import { applyGroup } from "./ownership.ts";
import { preparePersistentVolume } from "./persistent-volume.ts";
import type { ServiceAccountTokens } from "./service-account-tokens.ts";
import type { MountedVolume, VolumeManager } from "./volume-manager.ts";

export interface VolumeManagerDependencies {
  readonly client: Client;
  readonly source: ConfigSource;
  readonly tokens: ServiceAccountTokens;
  readonly imageMounts: Pick<ImageMounts, "release">;
  readonly settings: KubeletSettings;
  readonly clock: Clock;
  fields(pod: Pod): FieldContext;
}

/** How soon changes of ConfigMaps and Secrets show in running pods. Upstream: a minute, and what its cache adds. */
const configurationMs = 10_000;
/** For the volume of token and root certificate that every pod has, which hardly ever change. */
const identityMs = 60_000;

/** Undefined when nothing in the pod's volumes can change. */
function refreshInterval(pod: Pod): number | undefined {
  const volumes = pod.spec?.volumes ?? [];
  const isIdentity = ({ name, projected }: Volume): boolean =>
    projected !== undefined && name.startsWith("kube-api-access-");
  if (volumes.some((volume) => (volume.configMap ?? volume.secret ?? volume.projected) && !isIdentity(volume))) {
    return configurationMs;
  }
  return volumes.some(isIdentity) ? identityMs : undefined;
}

interface Mounted {
  readonly volumes: Map<string, MountedVolume>;
  readonly version: string;
  readonly at: number;
}

export async function createVolumeManager(dependencies: VolumeManagerDependencies): Promise<VolumeManager> {
  const { client, source, tokens, imageMounts, settings, clock } = dependencies;
  const memory = join(settings.root, "memory");
  await mountTmpfs(memory, "0755");
  const mounted = new Map<string, Mounted>();

  const prepareContents = async (pod: Pod, volume: Volume): Promise<MountedVolume | undefined> => {
    const files = await volumeContents(volume, {
      pod,
      source,
      fields: dependencies.fields(pod),
      token: (projection) => tokens.get(pod, projection),
    });
    if (files === undefined) return undefined;
    const secret = volume.secret !== undefined || volume.projected !== undefined;
    const path = secret ? join(memory, podUid(pod), volume.name) : volumeFolder(settings, podUid(pod), volume);
    const group = pod.spec?.securityContext?.fsGroup;
    if ((await mkdir(path, { recursive: true })) !== undefined) {
      await chmod(path, 0o777);
      if (group !== undefined) await applyGroup(path, group, "Always");
    }
    await writeAtomically(path, files, group);
    return { path, readOnly: true, measure: "files" };
  };

  const prepare = async (pod: Pod, volume: Volume): Promise<MountedVolume> => {
    const contents = await prepareContents(pod, volume);
    if (contents !== undefined) return contents;
    const path = volumeFolder(settings, podUid(pod), volume);
    const { emptyDir, hostPath, persistentVolumeClaim, ephemeral } = volume;
    if (emptyDir !== undefined) {
      await prepareEmptyDir(path, emptyDir, pod.spec?.securityContext?.fsGroup);
      return { path, readOnly: false, measure: "files" };
    }
    if (volume.image !== undefined) return { path: "", readOnly: true };
    if (hostPath !== undefined) return { path: await prepareHostPath(hostPath), readOnly: false };
    if (persistentVolumeClaim !== undefined) {
      const { claimName, readOnly = false } = persistentVolumeClaim;
      return preparePersistentVolume(client, pod, claimName, { readOnly, owned: false });
    }
    if (ephemeral !== undefined) {
      const claimName = `${pod.metadata?.name ?? ""}-${volume.name}`;
      return preparePersistentVolume(client, pod, claimName, { readOnly: false, owned: true });
    }
    if (volume.csi !== undefined) throw new Error(`CSI driver ${volume.csi.driver} is not installed on this node`);
    const type = Object.keys(volume).find((key) => key !== "name") ?? "unknown";
    throw new Error(`volumes of type ${type} are not supported by this node`);
  };

  return {
    async mount(pod) {
      const uid = podUid(pod);
      const version = JSON.stringify([pod.metadata?.labels, pod.metadata?.annotations]);
      const known = mounted.get(uid);
      const fresh = clock.now() - (known?.at ?? 0) < (refreshInterval(pod) ?? identityMs);
      if (known !== undefined && known.version === version && fresh) return known.volumes;
      const volumes = new Map<string, MountedVolume>();
      await allEnded(
        (pod.spec?.volumes ?? []).map(async (volume) => {
          try {
            volumes.set(volume.name, await prepare(pod, volume));
          } catch (error) {
            const message = error instanceof Error ? error.message : String(error);
            throw new Error(`MountVolume.SetUp failed for volume "${volume.name}" : ${message}`, { cause: error });
          }
        }),
      );
      mounted.set(uid, { volumes, version, at: clock.now() });
      return volumes;
    },
    mounted: (uid) => mounted.get(uid)?.volumes,
    refreshAfter: refreshInterval,
    async unmount(uid) {
      mounted.delete(uid);
      tokens.forget(uid);
      const folder = podFolder(settings, uid);
      await imageMounts.release(uid);
      await unmountAll(folder);
      // Nothing is mounted below them any more, or that would have thrown.
      for (const each of [join(folder, "volume-subpaths"), join(folder, "volumes"), join(memory, uid)]) {
        await removeTree(each);
      }
    },
    async list() {
      const [folders, secrets] = await Promise.all([
        readdir(join(settings.root, "pods")).catch(() => []),
        readdir(memory),
      ]);
      return [...new Set([...folders, ...secrets])];
    },
  };
}
