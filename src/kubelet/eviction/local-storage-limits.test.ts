import { describe, expect, it } from "vitest";
import type { Container, Volume } from "../../kinds/generated/core-v1.ts";
import type { LocalStorageUsage } from "../stats/local-storage-usage.ts";
import { busybox, makePod } from "../testing/runtime-objects.ts";
import { exceededLimit } from "./local-storage-limits.ts";

const mebibyte = 2 ** 20;

const limited = (name: string, limit: string): Container =>
  busybox(name, { resources: { limits: { "ephemeral-storage": limit } } });

interface Case {
  readonly of: string;
  readonly containers: Container[];
  readonly volumes?: Volume[];
  /** Mebibytes, but for `shared`. */
  readonly used: { containers?: Record<string, number>; volumes?: Record<string, number>; shared?: number };
  readonly message: string | undefined;
}

const files = (bytes: number) => ({ bytes, inodes: 1 });
const entries = (mebibytes: Record<string, number> = {}): [string, number][] =>
  Object.entries(mebibytes).map(([name, amount]) => [name, amount * mebibyte]);

/** A mebibyte of each container is in its log. */
const usage = ({ containers, volumes, shared = 0 }: Case["used"]): LocalStorageUsage => ({
  containers: new Map(
    entries(containers).map(([name, bytes]) => [name, { rootfs: files(bytes - mebibyte), logs: files(mebibyte) }]),
  ),
  volumes: new Map(entries(volumes).map(([name, bytes]) => [name, files(bytes)])),
  shared: files(shared),
});

describe("the limits of local storage", () => {
  it.each<Case>([
    {
      of: "a pod that keeps to all of them",
      containers: [limited("a", "5Mi")],
      volumes: [{ name: "v", emptyDir: { sizeLimit: "2Mi" } }],
      used: { containers: { a: 3 }, volumes: { v: 2 } },
      message: undefined,
    },
    {
      of: "a volume",
      containers: [limited("a", "5Mi")],
      volumes: [{ name: "v", emptyDir: { sizeLimit: "2048Ki" } }],
      used: { containers: { a: 9 }, volumes: { v: 3 } },
      message: 'Usage of EmptyDir volume "v" exceeds the limit "2Mi". ',
    },
    {
      of: "a volume in memory",
      containers: [busybox("a")],
      volumes: [{ name: "v", emptyDir: { medium: "Memory", sizeLimit: "1M" } }],
      used: { volumes: { v: 1 } },
      message: 'Usage of EmptyDir volume "v" exceeds the limit "1M". ',
    },
    {
      of: "a volume with a limit of nothing, which is none",
      containers: [busybox("a")],
      volumes: [{ name: "v", emptyDir: { sizeLimit: "0" } }],
      used: { volumes: { v: 3 } },
      message: undefined,
    },
    {
      of: "the pod, by volumes and containers without a limit",
      containers: [limited("a", "5Mi"), busybox("b")],
      volumes: [{ name: "v", emptyDir: {} }],
      used: { containers: { a: 1, b: 2 }, volumes: { v: 2 }, shared: 1 },
      message: "Pod ephemeral local storage usage exceeds the total limit of containers 5Mi. ",
    },
    {
      of: "the pod, to which memory does not count",
      containers: [limited("a", "5Mi")],
      volumes: [{ name: "v", emptyDir: { medium: "Memory", sizeLimit: "9Mi" } }],
      used: { containers: { a: 1 }, volumes: { v: 8 } },
      message: undefined,
    },
    {
      of: "a container of a pod that as a whole keeps to its own",
      containers: [limited("a", "5Mi"), limited("b", "1Gi")],
      used: { containers: { a: 6, b: 1 } },
      message: 'Container a exceeded its local ephemeral storage limit "5Mi". ',
    },
    {
      of: "nothing where nothing is limited",
      containers: [busybox("a")],
      volumes: [{ name: "v", emptyDir: {} }],
      used: { containers: { a: 999 }, volumes: { v: 999 } },
      message: undefined,
    },
  ])("are those of $of", ({ containers, volumes = [], used, message }) => {
    expect(exceededLimit(makePod({ containers, volumes }), usage(used))?.message).toBe(message);
  });
});
