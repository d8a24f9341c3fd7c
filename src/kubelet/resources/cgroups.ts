/**
 * The control groups above containers, made and removed through the file system (the cgroupfs driver):
 * `/kubepods/pod<uid>` for Guaranteed pods, `/kubepods/{burstable,besteffort}/pod<uid>` for the others. On cgroup v1
 * every controller has its own tree; on v2 there is one.
 */
import { mkdir, readdir, readFile, rmdir, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { podQosClass } from "../../kinds/core/pod/quality-of-service.ts";
import type { Pod } from "../../kinds/generated/core-v1.ts";
import type { Logger } from "../../lib/log.ts";
import { type CgroupLimits, cpuWeight, podCgroupLimits, quotaPeriod } from "./cgroup-values.ts";

const controllersOfV1 = ["cpu", "cpuacct", "cpuset", "memory", "pids", "hugetlb", "blkio", "devices", "freezer"];
const controllersOfV2 = ["cpu", "cpuset", "memory", "pids", "io", "hugetlb"];

export interface Cgroups {
  readonly version: 1 | 2;
  /** What goes into the sandbox's cgroup_parent. */
  parentOf(pod: Pod): string;
  /** Makes the groups of the quality-of-service classes. Idempotent. */
  setup(): Promise<void>;
  create(pod: Pod): Promise<void>;
  /** Changes the limits of a running pod around `work`, which changes those of its containers. */
  resize(pod: Pod, work: () => Promise<void>): Promise<void>;
  /** Removes the pod's group, wherever it is; false while something still runs in it. */
  remove(uid: string): Promise<boolean>;
  /** The uids that have a group. */
  list(): Promise<Map<string, string>>;
  /** The group above those of all pods, as a path like that of `parentOf`. */
  readonly pods: string;
  /** Directory with the figures of a group. */
  directory(path: string, controller: "memory" | "cpuacct" | "pids"): string;
}

/** `root` is the group under which `kubepods` is made, "" for the top; `mountPoint` is /sys/fs/cgroup. */
export async function createCgroups(mountPoint: string, root: string, log: Logger): Promise<Cgroups> {
  const version = await detectVersion(mountPoint);
  const base = `${root}/kubepods`;
  const trees =
    version === 2 ? [mountPoint] : (await existing(mountPoint, controllersOfV1)).map((name) => join(mountPoint, name));
  const write = async (file: string, value: string): Promise<void> => {
    try {
      await writeFile(file, value);
    } catch (error) {
      log.debug("cannot set cgroup value", { file, value, error });
    }
  };
  const makeGroup = async (path: string): Promise<void> => {
    for (const tree of trees) {
      await mkdir(join(tree, path), { recursive: true });
      if (version === 1 && tree.endsWith("/cpuset")) await inheritCpuset(tree, path);
    }
    if (version === 2) await enableControllers(mountPoint, path);
  };
  const applyLimits = async (path: string, limits: CgroupLimits): Promise<void> => {
    const files = version === 2 ? valuesOfV2(limits) : valuesOfV1(limits);
    await Promise.all(
      files.map(([controller, file, value]) =>
        write(version === 2 ? join(mountPoint, path, file) : join(mountPoint, controller, path, file), value),
      ),
    );
  };
  const classes = { Guaranteed: base, Burstable: `${base}/burstable`, BestEffort: `${base}/besteffort` } as const;
  const parentOf = (pod: Pod): string => `${classes[podQosClass(pod.spec)]}/pod${pod.metadata?.uid ?? ""}`;
  const memoryTree = version === 2 ? mountPoint : join(mountPoint, "memory");
  const list = async (): Promise<Map<string, string>> => {
    const found = new Map<string, string>();
    for (const path of Object.values(classes)) {
      for (const name of await entries(join(memoryTree, path))) {
        if (name.startsWith("pod")) found.set(name.slice(3), `${path}/${name}`);
      }
    }
    return found;
  };
  return {
    version,
    pods: base,
    parentOf,
    list,
    async setup() {
      if (version === 2) await leaveRootGroup(mountPoint, log);
      for (const path of [base, classes.Burstable, classes.BestEffort]) await makeGroup(path);
      await applyLimits(classes.BestEffort, { cpuShares: 2 });
    },
    async create(pod) {
      const path = parentOf(pod);
      await makeGroup(path);
      await applyLimits(path, podCgroupLimits(pod));
    },
    async resize(pod, work) {
      const path = parentOf(pod);
      const limits = podCgroupLimits(pod);
      // A group may not grant more than the one above it: open that one first, close it when its members are set.
      const { memory, cpuQuota } = limits;
      await applyLimits(path, {
        cpuShares: limits.cpuShares,
        ...(cpuQuota === undefined ? {} : { cpuQuota: -1 }),
        ...(memory === undefined ? {} : { memory: Number.MAX_SAFE_INTEGER }),
      });
      await work();
      await applyLimits(path, limits);
    },
    async remove(uid) {
      let clean = true;
      // On v1 the runtime makes groups in trees that the kubelet does not use, such as systemd's own.
      const all = version === 2 ? trees : (await entries(mountPoint)).map((name) => join(mountPoint, name));
      for (const path of Object.values(classes)) {
        for (const tree of all) clean = (await removeTree(join(tree, `${path}/pod${uid}`))) && clean;
      }
      return clean;
    },
    directory: (path, controller) => join(version === 2 ? mountPoint : join(mountPoint, controller), path),
  };
}

async function detectVersion(mountPoint: string): Promise<1 | 2> {
  return (await exists(join(mountPoint, "cgroup.controllers"))) ? 2 : 1;
}

async function existing(mountPoint: string, names: readonly string[]): Promise<string[]> {
  const found = await Promise.all(names.map((name) => exists(join(mountPoint, name))));
  return names.filter((_, index) => found[index]);
}

async function exists(path: string): Promise<boolean> {
  return stat(path).then(
    () => true,
    () => false,
  );
}

async function entries(path: string): Promise<string[]> {
  return readdir(path).catch(() => []);
}

/** A new cpuset group on v1 is empty and refuses processes until it has processors and memory nodes. */
async function inheritCpuset(tree: string, path: string): Promise<void> {
  let directory = tree;
  for (const part of path.split("/").filter((name) => name !== "")) {
    const parent = directory;
    directory = join(directory, part);
    for (const file of ["cpuset.cpus", "cpuset.mems"]) {
      if ((await readFile(join(directory, file), "utf8")).trim() !== "") continue;
      await writeFile(join(directory, file), await readFile(join(parent, file), "utf8"));
    }
  }
}

/** Hands every controller down to the parents of that group, so that its own files exist. */
async function enableControllers(mountPoint: string, path: string): Promise<void> {
  const parts = path.split("/").filter((name) => name !== "");
  for (let depth = 0; depth < parts.length; depth++) {
    const directory = join(mountPoint, ...parts.slice(0, depth));
    const available = (await readFile(join(directory, "cgroup.controllers"), "utf8")).trim().split(" ");
    const wanted = controllersOfV2.filter((name) => available.includes(name));
    const enabled = (await readFile(join(directory, "cgroup.subtree_control"), "utf8")).trim().split(" ");
    const missing = wanted.filter((name) => !enabled.includes(name));
    if (missing.length > 0) {
      await writeFile(join(directory, "cgroup.subtree_control"), missing.map((name) => `+${name}`).join(" "));
    }
  }
}

/**
 * In a container the visible top group is no real root: the kernel refuses to hand controllers down while processes
 * are in it, so that they move to a leaf first.
 */
async function leaveRootGroup(mountPoint: string, log: Logger): Promise<void> {
  if (!(await exists(join(mountPoint, "cgroup.type")))) return;
  const leaf = join(mountPoint, "system");
  // Processes may start others while they are being moved.
  for (let round = 0; round < 10; round++) {
    const text = await readFile(join(mountPoint, "cgroup.procs"), "utf8");
    const processes = text.split("\n").filter((id) => id !== "");
    if (processes.length === 0) return;
    await mkdir(leaf, { recursive: true });
    for (const id of processes) {
      await writeFile(join(leaf, "cgroup.procs"), id).catch((error) => log.debug("process stays", { id, error }));
    }
  }
}

function valuesOfV1({ cpuShares, cpuQuota, memory, pids }: CgroupLimits): [string, string, string][] {
  const values: [string, string, string][] = [["cpu", "cpu.shares", String(cpuShares)]];
  if (cpuQuota !== undefined) {
    values.push(["cpu", "cpu.cfs_period_us", String(quotaPeriod)], ["cpu", "cpu.cfs_quota_us", String(cpuQuota)]);
  }
  if (memory !== undefined && memory > 0) values.push(["memory", "memory.limit_in_bytes", String(memory)]);
  if (pids !== undefined) values.push(["pids", "pids.max", String(pids)]);
  return values;
}

function valuesOfV2({ cpuShares, cpuQuota, memory, pids }: CgroupLimits): [string, string, string][] {
  const values: [string, string, string][] = [["", "cpu.weight", String(cpuWeight(cpuShares))]];
  if (cpuQuota !== undefined) values.push(["", "cpu.max", `${cpuQuota < 0 ? "max" : cpuQuota} ${quotaPeriod}`]);
  if (memory !== undefined && memory > 0) values.push(["", "memory.max", String(memory)]);
  if (pids !== undefined) values.push(["", "pids.max", String(pids)]);
  return values;
}

/** Removes a group and what is below it; false when processes are left. */
async function removeTree(path: string): Promise<boolean> {
  if (!(await exists(path))) return true;
  for (const entry of await readdir(path, { withFileTypes: true })) {
    if (entry.isDirectory() && !(await removeTree(join(path, entry.name)))) return false;
  }
  return rmdir(path).then(
    () => true,
    (error: NodeJS.ErrnoException) => error.code === "ENOENT",
  );
}
