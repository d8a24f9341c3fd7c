import { mkdir, mkdtemp, realpath, rm, stat, symlink } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, it } from "vitest";
import { persistentVolumeClaims, persistentVolumes } from "../../client/resources.ts";
import { createFakeApi } from "../../client/testing/fake-api.ts";
import { preparePersistentVolume } from "./persistent-volume.ts";

it("gives the folder that a local volume's link leads to to the pod's fsGroup", async () => {
  const folder = await realpath(await mkdtemp(join(tmpdir(), "mini-persistent-volume-")));
  try {
    const [backend, link] = [join(folder, "backend"), join(folder, "link")];
    await mkdir(backend, { mode: 0o700 });
    await symlink(backend, link);
    const api = createFakeApi();
    await api.seed(persistentVolumes, { metadata: { name: "v" }, spec: { local: { path: link } } });
    await api.seed(persistentVolumeClaims, {
      metadata: { name: "c", namespace: "a" },
      spec: { volumeName: "v" },
      status: { phase: "Bound" },
    });
    // A group that whoever runs this may give.
    const fsGroup = process.getgid?.() ?? 0;
    const pod = { metadata: { name: "p", namespace: "a" }, spec: { containers: [], securityContext: { fsGroup } } };
    const mounted = await preparePersistentVolume(api.client, pod, "c", { readOnly: false, owned: false });
    expect(mounted.path).toBe(backend);
    expect((await stat(backend)).mode & 0o7777).toBe(0o2770);
  } finally {
    await rm(folder, { recursive: true });
  }
});
