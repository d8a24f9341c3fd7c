/** Images from registries that the start names, as containers and as volumes. */
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { tar, writeOciArchive } from "../../images/oci-archive.ts";
import { type Registry, reachableAddress, serveArchive } from "../conformance/registry.ts";
import { eventually } from "./eventually.ts";
import { MiniCli } from "./mini-cli.ts";
import { writeTestImage } from "./test-image.ts";

const cli = new MiniCli("reg");
const program = "registry.test/programs/busybox:1";
const data = "registry.test/data/many:1";
const layerCount = 70;
const kubectl = (...words: string[]) => cli.kubectl("newest", words);
const registries: Registry[] = [];

interface VolumePod {
  readonly name: string;
  readonly reference: string;
  readonly subPath?: string;
}

function apply({ name, reference, subPath = "" }: VolumePod): Promise<string> {
  const pod = {
    apiVersion: "v1",
    kind: "Pod",
    metadata: { name },
    spec: {
      terminationGracePeriodSeconds: 0,
      containers: [
        {
          ...{ name: "main", image: program, imagePullPolicy: "Always", command: ["sleep", "100000"] },
          volumeMounts: [{ name: "data", mountPath: "/data", subPath }],
        },
      ],
      volumes: [{ name: "data", image: { reference, pullPolicy: "Always" } }],
    },
  };
  return cli.kubectl("newest", ["apply", "-f", "-"], JSON.stringify(pod));
}

const inPod = (name: string, script: string) => kubectl("exec", name, "--", "sh", "-c", script);
const ready = (name: string) => kubectl("wait", `pod/${name}`, "--for=condition=Ready", "--timeout=60s");

beforeAll(async () => {
  const archives = ["programs", "data"].map((name) => join(cli.home, `${name}.tar`)) as [string, string];
  await writeTestImage(program, archives[0]);
  // More than fit into one page of mount options by their whole names.
  const layers = Array.from({ length: layerCount }, (_, index) =>
    tar([
      { name: "files/", type: "directory", mode: 0o755 },
      { name: `files/${index}`, content: `${index}\n` },
    ]),
  );
  await writeOciArchive([{ references: [data], layers: await Promise.all(layers), config: {} }], archives[1]);
  for (const archive of archives) registries.push(await serveArchive(archive, reachableAddress()));
  const flags = registries.map(({ url }) => `--registry-mirror=${url}`);
  const insecure = registries[1]?.url.replace("http://", "") ?? "";
  await cli.succeed("start", "--driver=runc", ...flags, `--insecure-registry=${insecure}`);
});
afterAll(async () => {
  await cli.cleanUp();
  for (const registry of registries) registry.close();
});

describe("mirrors and image volumes", () => {
  it("pull from the mirror that has the image, and show every layer, read-only", async () => {
    await apply({ name: "whole", reference: data });
    await ready("whole");
    expect(await inPod("whole", "cat /data/files/* | sort -n | tail -n 1; ls /data/files | wc -l")).toBe(
      `${layerCount - 1}\n${layerCount}`,
    );
    expect(await inPod("whole", "touch /data/x 2>&1 || true")).toContain("Read-only file system");
    await eventually(async () => {
      const events = await kubectl("get", "events", "--field-selector=involvedObject.name=whole");
      expect(events).toContain(`Successfully pulled image "${data}" in`);
    });
  });

  it("mount a folder of the image, and say what is wrong with one that is not there", async () => {
    await apply({ name: "part", reference: data, subPath: "files" });
    await apply({ name: "missing", reference: data, subPath: "nowhere" });
    await ready("part");
    expect(await inPod("part", "cat /data/7")).toBe("7");
    await eventually(async () => {
      const waiting = await kubectl(
        "get",
        "pod/missing",
        "-o",
        "jsonpath={.status.containerStatuses[0].state.waiting}",
      );
      expect(waiting).toContain('"reason":"CreateContainerError"');
      expect(waiting).toContain("ImageVolumeMountFailed");
    });
  });

  it("report an image that cannot be pulled", async () => {
    await apply({ name: "absent", reference: "registry.invalid/none:1" });
    await eventually(async () => {
      const reason = "jsonpath={.status.containerStatuses[0].state.waiting.reason}";
      expect(await kubectl("get", "pod/absent", "-o", reason)).toMatch(/^(ErrImagePull|ImagePullBackOff)$/);
    });
  });

  it("pull without TLS from a registry that may", async () => {
    const { url = "" } = registries[1] ?? {};
    const head = await fetch(`${url}/v2/data/many/manifests/1?ns=registry.test`, { method: "HEAD" });
    const reference = `${url.replace("http://", "")}/data/many@${head.headers.get("docker-content-digest")}`;
    await apply({ name: "insecure", reference });
    await ready("insecure");
    expect(await inPod("insecure", "cat /data/files/3")).toBe("3");
  });

  it("are there again after a stop, and gone with their pods", async () => {
    await cli.succeed("stop");
    await cli.succeed("start");
    await eventually(async () => expect(await inPod("whole", "cat /data/files/5")).toBe("5"));
    await kubectl("delete", "pods", "--all");
    await eventually(async () => {
      const left = "grep -c kubernetes.io~image /proc/mounts; ctr -n k8s.io snapshots ls | grep -c image-volume";
      expect((await cli.mini(["ssh", "--", left])).stdout).toBe("0\n0");
      expect(await cli.succeed("ssh", "--", "ctr -n k8s.io leases ls -q")).not.toContain("image-volume");
    });
  });
});
