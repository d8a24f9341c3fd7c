/**
 * mini's control plane as a process of the benchmark: what src/node wires in a node, with certificates, port and store
 * of its arguments. test/bench/servers/mini.ts bundles it as dist/mini is bundled and runs it.
 * Arguments: a folder (ca.crt, serving.crt, …, and the store), a port, and the components besides the API server.
 */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { Component } from "../../src/lib/component.ts";

const [folder = "", port = "", ...components] = process.argv.slice(2);
const pki = (name: string): string => readFileSync(join(folder, name), "utf8");
const stop = new AbortController();
const [ca, cert, key] = [pki("ca.crt"), pki("admin.crt"), pki("admin.key")];

async function run(component: Component): Promise<void> {
  const { done } = await component.start(stop.signal);
  done.catch((error: unknown) => {
    console.error(component.name, error);
    process.exit(1);
  });
}

async function connect() {
  const { createClient } = await import("../../src/client/client.ts");
  const { createInformers } = await import("../../src/client/informers.ts");
  const client = createClient({ server: `https://127.0.0.1:${port}`, ca, cert, key, userAgent: "mini/bench" });
  return { client, informers: createInformers(client, stop.signal) };
}

/** As in a node, what is not asked for is not evaluated. */
async function main(): Promise<void> {
  const { fixedCertificate } = await import("../../src/lib/certificate-source.ts");
  const { createApiServer } = await import("../../src/apiserver/server.ts");
  await run(
    createApiServer({
      host: "127.0.0.1",
      port: Number(port),
      tls: {
        serving: fixedCertificate({ certificate: pki("serving.crt"), privateKey: pki("serving.key") }),
        clientCa: ca,
      },
      store: join(folder, "state.db"),
      serviceAccount: {
        issuer: "https://kubernetes.default.svc.cluster.local",
        privateKey: pki("service-account.key"),
      },
      kubelet: { ca, client: fixedCertificate({ certificate: cert, privateKey: key }) },
      serviceSubnet: "10.96.0.0/12",
      advertised: { address: "10.0.0.1", port: 6443 },
    }),
  );
  if (components.length === 0) return;
  const { informers, ...controllers } = await connect();
  if (components.includes("controller-manager")) {
    const { createControllerManager } = await import("../../src/controllers/index.ts");
    const signer = {
      authority: { certificate: ca, privateKey: pki("ca.key") },
      controlPlane: { nodeName: "", address: "10.0.0.1" },
      foreignSubnets: ["10.96.0.0/12", "10.244.0.0/16"],
    };
    await run(createControllerManager({ ...controllers, informers, rootCa: ca, signer, podSubnet: "10.244.0.0/16" }));
  }
  if (components.includes("scheduler")) {
    const { createScheduler } = await import("../../src/scheduler/scheduler.ts");
    const { createEventRecorder } = await import("../../src/client/recorder.ts");
    const { client } = await connect();
    const recorder = createEventRecorder(client, { component: "default-scheduler" });
    await run(createScheduler({ client, informers, recorder }));
  }
}

process.once("SIGTERM", () => {
  stop.abort();
  setTimeout(() => process.exit(0), 200);
});
main().catch((error: unknown) => {
  console.error(error);
  process.exit(1);
});
