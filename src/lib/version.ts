/** The Kubernetes version that is implemented: the one place where it is written down. */
const { major, minor, patch } = { major: "1", minor: "36", patch: "3" } as const;

/** As nodes and OpenAPI documents name it. */
export const kubernetesVersion = `v${major}.${minor}.${patch}`;

/** What /version answers, apimachinery's version.Info. */
export const versionInfo = {
  major,
  minor,
  emulationMajor: major,
  emulationMinor: minor,
  minCompatibilityMajor: major,
  minCompatibilityMinor: String(Number(minor) - 1),
  gitVersion: `${kubernetesVersion}+mini`,
  gitCommit: "",
  gitTreeState: "clean",
  buildDate: "2026-01-01T00:00:00Z",
  goVersion: `node${process.versions.node}`,
  compiler: "node",
  platform: `linux/${process.arch === "x64" ? "amd64" : process.arch}`,
} as const;
