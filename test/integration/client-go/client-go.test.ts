/**
 * client-go against a cluster: the program of this folder, compiled here, once for each of its features. Needs Go, so it is
 * in the vitest project `go`, which scripts/test leaves out.
 */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { execa } from "execa";
import { afterAll, beforeAll, describe } from "vitest";
import { MiniCli } from "../../e2e/mini-cli.ts";
import { compatibilityOf } from "../compatibility.ts";

const source = import.meta.dirname;
const program = join(source, "../../../.cache/client-go/client-go-check");

/** Feature of the program → what it is called on docs/compatibility.md. */
const features = {
  informer: "shared informer with WatchList",
  "leader-election": "leader election over a Lease",
  dynamic: "dynamic client, discovery and RESTMapper with a CRD",
  apply: "server-side apply: owners, conflicts, force, status, extract",
  protobuf: "protobuf: create, get, list, watch, scale, delete",
  pager: "paging through a list at one revision",
  "remote-command": "exec over WebSocket and SPDY",
};

describe("client-go", () => {
  const cli = new MiniCli("cgo");
  const version = /k8s\.io\/client-go v(\S+)/.exec(readFileSync(join(source, "go.mod"), "utf8"))?.[1] ?? "";
  const feature = compatibilityOf("client-go", () => version);

  beforeAll(async () => {
    await execa("go", ["build", "-ldflags=-s -w", "-o", program, "."], { cwd: source, env: { CGO_ENABLED: "0" } });
    await cli.succeed("start", "--driver=runc", "--wait=all");
  });
  afterAll(() => cli.cleanUp());

  for (const [name, title] of Object.entries(features)) {
    feature(title, async () => {
      const namespace = `check-${name}`;
      await cli.kubectl("newest", ["create", "namespace", namespace]);
      await execa(program, [name, namespace], { env: { KUBECONFIG: cli.kubeconfig } });
    });
  }
});
