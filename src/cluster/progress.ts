/** What a long command tells while it works; src/cli renders it as lines, with a spinner, or as CloudEvents. */

/** Steps of `mini start` in their order: names are minikube's register, which scripts read. */
export const startSteps = [
  "Initial Mini Setup",
  "Selecting Driver",
  "Downloading Artifacts",
  "Starting Node",
  "Updating Driver",
  "Pulling Base Image",
  "Running on Localhost",
  "Local OS Release",
  "Creating Container",
  "Creating VM",
  "Running Remotely",
  "Preparing Kubernetes",
  "Generating certificates",
  "Booting control plane",
  "Configuring RBAC rules",
  "Configuring CNI",
  "Configuring Localhost Environment",
  "Verifying Kubernetes",
  "Enabling Addons",
  "Done",
] as const;
export type StartStep = (typeof startSteps)[number];

export interface Progress {
  step(name: StartStep, message: string): void;
  info(message: string): void;
  warning(message: string): void;
}
