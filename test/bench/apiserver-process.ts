/** Child of apiserver-load.ts: one API server with the certificates and the database of its arguments. */
import { readFileSync } from "node:fs";
import { Session } from "node:inspector/promises";
import { startForTest, type TestPki } from "../../src/apiserver/start-for-test.ts";

const [pkiFile, store] = process.argv.slice(2) as [string, string];
const pki = JSON.parse(readFileSync(pkiFile, "utf8")) as TestPki;
const server = await startForTest({ pki, store });
process.send?.({ url: server.url });

// The load script ended without saying so.
process.on("disconnect", () => process.exit(1));
const session = new Session();
process.on("message", async (message) => {
  if (message === "memory") process.send?.({ rss: process.memoryUsage.rss(), cpu: process.cpuUsage() });
  if (message === "profile") {
    session.connect();
    await session.post("Profiler.enable");
    await session.post("Profiler.start");
  }
  if (message === "profiled") {
    const { profile } = await session.post("Profiler.stop");
    process.send?.({ profile });
  }
  if (message === "stop") {
    await server.stop();
    process.exit(0);
  }
});
