import { expect, it } from "vitest";
import { MiniError } from "../cluster/errors.ts";
import type { NodeStatus } from "../cluster/lifecycle/status.ts";
import { commands } from "./commands.ts";
import { commandHelp, rootHelp } from "./help.ts";
import { normalizeBooleans, splitPassThrough } from "./parsing.ts";
import { eventProgress } from "./progress/index.ts";
import { parseCpus, parseDuration, parseMebibytes } from "./quantities.ts";
import { clusterLayout, statusText } from "./status-layout.ts";
import { renderTemplate } from "./template.ts";

// Update with `vitest run -u src/cli`.
it("has the help that is documented", async () => {
  await expect(rootHelp()).toMatchFileSnapshot("golden/mini.txt");
});

it.each(Object.entries(commands))("has the flags that are documented: mini %s", async (id, entry) => {
  const { default: Command } = await entry.load();
  await expect(await commandHelp(id, entry, Command)).toMatchFileSnapshot(`golden/${id.replace(" ", "-")}.txt`);
});

it.each([
  ["2048", 2048],
  ["2048mb", 2048],
  ["2g", 2048],
  ["1.5GiB", 1536],
])("reads %s as MiB", (text, mebibytes) => {
  expect(parseMebibytes("memory", text)).toBe(mebibytes);
});

it.each([
  ["6m", 360_000],
  ["6m0s", 360_000],
  ["90s", 90_000],
  ["1h30m", 5_400_000],
  ["90", 90_000],
])("reads %s as a duration", (text, milliseconds) => {
  expect(parseDuration("wait-timeout", text)).toBe(milliseconds);
});

it("refuses sizes, counts and durations that are none", () => {
  for (const parse of [
    () => parseMebibytes("memory", "lots"),
    () => parseMebibytes("memory", "-1g"),
    () => parseCpus("1.5"),
    () => parseDuration("wait-timeout", "6 minutes"),
  ]) {
    expect(parse).toThrow(MiniError);
  }
});

it("takes Go's way to write booleans", async () => {
  const { default: Start } = (await commands["start"]?.load()) ?? { default: undefined };
  if (Start === undefined) throw new Error("there is no start");
  const words = ["--interactive=false", "--dry-run=true", "--force=false", "--wait=false", "--driver=runc"];
  expect(normalizeBooleans(words, Start)).toEqual(["--no-interactive", "--dry-run", "--wait=false", "--driver=runc"]);
});

it.each([
  [
    ["-p", "a", "--", "get", "-o", "json"],
    ["-p", "a"],
    ["get", "-o", "json"],
  ],
  [["get", "pods", "-o", "wide"], [], ["get", "pods", "-o", "wide"]],
  [["--profile=a", "get", "--", "x"], ["--profile=a"], ["get", "--", "x"]],
])("splits %j", (argv, own, passed) => {
  expect(splitPassThrough(argv)).toEqual([own, passed]);
});

const running: NodeStatus = {
  Name: "mini",
  Host: "Running",
  Kubelet: "Running",
  APIServer: "Running",
  Kubeconfig: "Configured",
  Worker: false,
};

it("prints status as minikube's scripts expect it", () => {
  expect(statusText(running)).toBe(
    "mini\ntype: Control Plane\nhost: Running\nkubelet: Running\napiserver: Running\nkubeconfig: Configured\n",
  );
  expect(JSON.stringify(running)).toBe(
    '{"Name":"mini","Host":"Running","Kubelet":"Running","APIServer":"Running","Kubeconfig":"Configured","Worker":false}',
  );
  expect(renderTemplate("{{.Host}} {{ .Kubelet }}{{if .Worker}} w{{else}} c{{end}}", running)).toBe(
    "Running Running c",
  );
  expect(() => renderTemplate("{{.Nope}}", running)).toThrow(/Nope/);
});

it.each([
  [{}, 200],
  [{ Kubelet: "Stopped" }, 204],
  [{ Host: "Stopped", Kubelet: "Stopped", APIServer: "Stopped", Kubeconfig: "Stopped" }, 405],
] as const)("sums %j up as %i in the cluster layout", (change, code) => {
  const profile = { name: "mini" } as Parameters<typeof clusterLayout>[0];
  expect(clusterLayout(profile, [{ ...running, ...change }]).StatusCode).toBe(code);
});

it("tells steps as CloudEvents with rising numbers and text values", () => {
  const lines: string[] = [];
  const progress = eventProgress((line) => lines.push(line));
  progress.step("Selecting Driver", "runc");
  progress.step("Done", "done");
  const events = lines.map((line) => JSON.parse(line) as { type: string; data: Record<string, string> });
  expect(events[0]?.type).toBe("io.k8s.sigs.minikube.step");
  expect(events[0]?.data).toEqual({ currentstep: "1", message: "runc", name: "Selecting Driver", totalsteps: "19" });
  expect(events[1]?.data["currentstep"]).toBe("19");
});
