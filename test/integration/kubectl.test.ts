/** Every verb of the oldest and the newest kubectl against one real cluster, as rows of docs/compatibility.md. */
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect } from "vitest";
import { MiniCli } from "../e2e/mini-cli.ts";
import { writeTestImage } from "../e2e/test-image.ts";
import { compatibilityOf } from "./compatibility.ts";
import { Kubectl, testImage, verbs } from "./kubectl-verbs.ts";

const cli = new MiniCli("kct");
const clients = [
  ["kubectl 1.36", "newest"],
  ["kubectl 1.32", "oldest"],
] as const;

beforeAll(async () => {
  const archive = join(cli.home, "image.tar");
  await writeTestImage(testImage, archive);
  await cli.succeed("start", "--driver=runc", "--wait=all");
  await cli.succeed("image", "load", archive);
});
afterAll(() => cli.cleanUp());

describe.each(clients)("%s", (client, age) => {
  const kubectl = new Kubectl(cli, age);
  let version = "";
  const feature = compatibilityOf(client, () => version);

  beforeAll(async () => {
    version = JSON.parse(await kubectl.run("version --client -o json")).clientVersion.gitVersion.slice(1);
    expect(`kubectl ${version}`).toContain(`${client}.`);
    await kubectl.run(`create namespace ${kubectl.namespace}`);
    const page = "mkdir -p /tmp/www; echo hello > /tmp/www/index.html";
    // Process 1 that ends when it is told to: pods of an earlier roll-out would linger for half a minute.
    const script = `${page}; trap exit TERM; httpd -f -p 8080 -h /tmp/www & wait`;
    await kubectl.words(["run", "box", `--image=${testImage}`, "--", "sh", "-c", script]);
    const deployment = ["create", "deployment", "web", `--image=${testImage}`, "--replicas=2"];
    await kubectl.words([...deployment, "--", "sh", "-c", script]);
    await kubectl.run("wait pod/box --for=condition=Ready --timeout=60s");
    await kubectl.run("rollout status deployment/web --timeout=60s");
  });

  for (const [verb, work] of Object.entries(verbs)) feature(verb, () => work(kubectl));
});
