/** The Kubernetes version that is implemented: the one place where it is written down. */
const kubernetesVersion = { major: "1", minor: "36", patch: "0" } as const;

/** What /version answers, apimachinery's version.Info. */
export const versionInfo = {
  major: kubernetesVersion.major,
  minor: kubernetesVersion.minor,
  emulationMajor: kubernetesVersion.major,
  emulationMinor: kubernetesVersion.minor,
  minCompatibilityMajor: kubernetesVersion.major,
  minCompatibilityMinor: String(Number(kubernetesVersion.minor) - 1),
  gitVersion: `v${kubernetesVersion.major}.${kubernetesVersion.minor}.${kubernetesVersion.patch}+mini`,
  gitCommit: "",
  gitTreeState: "clean",
  buildDate: "2026-01-01T00:00:00Z",
  goVersion: `node${process.versions.node}`,
  compiler: "node",
  platform: `linux/${process.arch === "x64" ? "amd64" : process.arch}`,
} as const;
