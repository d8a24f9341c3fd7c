/** Reads the node's config.json. */
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { type NodeConfig, nodePaths } from "./config.ts";

/** Throws when the file is missing, is not JSON, or was written for another version of the node. */
export async function readNodeConfig(seed: string = nodePaths.seed): Promise<NodeConfig> {
  const path = join(seed, "config.json");
  const config = JSON.parse(await readFile(path, "utf8")) as NodeConfig;
  if (config.version !== 1) throw new Error(`${path} has version ${config.version}; this mini reads version 1`);
  return config;
}
