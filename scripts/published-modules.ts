/**
 * Upstream's published descriptions, from which files here are generated: Go modules at one version, pinned by the hash
 * that Go computes of their contents (as in a go.sum). Needs Go and, the first time, the module proxy.
 */
import { execFileSync } from "node:child_process";

/** Module → its version and hash. */
const pinned = {
  "github.com/containerd/containerd/api": ["v1.8.0", "h1:hVTNJKR8fMc/2Tiw60ZRijntNMd1U+JVMyTRdsD2bS0="],
  "k8s.io/api": ["v0.36.3", "h1:NxB+05W2UGqXWFXcLO0RB5cnqnUPP5v5sVlaOH0Iz4w="],
  "k8s.io/apiextensions-apiserver": ["v0.36.3", "h1:dPmOAPhwTtqb1bTxbFPsy18KHPhktQeO3WUPXunZIB0="],
  "k8s.io/apimachinery": ["v0.36.3", "h1:PkzMRBRG8joFD8EhCuQAtNPvJlxb82FwplP26HIzvAM="],
  "k8s.io/cri-api": ["v0.36.3", "h1:QFEMKGim6DSdlaW3JwpjVCjUQgTnkKG7i3McAaBW6Fo="],
  "k8s.io/kube-aggregator": ["v0.36.3", "h1:eypRCZKyGx3u9TLdnLva47l6R/67Zs9h9FQI+uMruaY="],
  "k8s.io/kubernetes": ["v1.36.3", "h1:qDQdoMiluAE2Eab6Fa52YV+WjiGz9mZFFoagEA6cI+o="],
} as const;

export type PublishedModule = keyof typeof pinned;

interface Download {
  readonly Dir: string;
  readonly Sum: string;
}

/** The folder of a module, downloaded when it is not there. Throws when it cannot be had or is not what was pinned. */
export function moduleFolder(module: PublishedModule): string {
  const [version, sum] = pinned[module];
  const listing = execFileSync("go", ["mod", "download", "-json", `${module}@${version}`], {
    encoding: "utf8",
    env: { ...process.env, GOFLAGS: "-mod=mod" },
    cwd: "/",
  });
  const { Dir, Sum } = JSON.parse(listing) as Download;
  if (Sum !== sum) throw new Error(`${module}@${version} has the hash ${Sum}, and ${sum} is pinned`);
  return Dir;
}
