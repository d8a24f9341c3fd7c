/** Every command: its id as typed, one line of help, and how to load it. Loaded one by one, so that each starts fast. */
import type { MiniCommandClass } from "./mini-command.ts";

export interface CommandEntry {
  readonly summary: string;
  /** Whether it makes, starts, stops or removes machines, for which some drivers need root. */
  readonly changesMachines?: true;
  readonly load: () => Promise<{ readonly default: MiniCommandClass }>;
}

export const commands: Readonly<Record<string, CommandEntry>> = {
  start: {
    summary: "Start a cluster, making it first where there is none",
    changesMachines: true,
    load: () => import("./commands/start.ts"),
  },
  status: { summary: "Show what of a cluster runs", load: () => import("./commands/status.ts") },
  stop: {
    summary: "Stop a cluster, keeping its state",
    changesMachines: true,
    load: () => import("./commands/stop.ts"),
  },
  delete: {
    summary: "Delete a cluster and all that belongs to it",
    changesMachines: true,
    load: () => import("./commands/delete.ts"),
  },
  kubectl: { summary: "Run kubectl against a cluster", load: () => import("./commands/kubectl.ts") },
  ssh: { summary: "Log in to a node, or run a command in it", load: () => import("./commands/ssh.ts") },
  logs: { summary: "Show the logs of a cluster's nodes", load: () => import("./commands/logs.ts") },
  ip: { summary: "Print a node's address", load: () => import("./commands/ip.ts") },
  "image load": { summary: "Load an image archive into a cluster", load: () => import("./commands/image/load.ts") },
  "image ls": { summary: "List the images in a cluster", load: () => import("./commands/image/ls.ts") },
  "profile list": { summary: "List the profiles of this machine", load: () => import("./commands/profile/list.ts") },
  version: { summary: "Print the versions of mini and of a cluster", load: () => import("./commands/version.ts") },
};
