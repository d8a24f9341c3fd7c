/** Child of crash.test.ts: writes as fast as it can and says on standard output what was acknowledged. */
import { writeSync } from "node:fs";
import { openSqliteStore } from "./sqlite-store.ts";

const [path, concurrency] = process.argv.slice(2) as [string, string];
const store = await openSqliteStore({ path });
const writer = async (index: number): Promise<void> => {
  for (let count = 0; ; count++) {
    const key = `/crash/${process.pid}-${index}-${count}`;
    const revision = await store.create(key, Buffer.alloc(200, key));
    writeSync(1, `${key} ${revision}\n`);
  }
};
await Promise.all(Array.from({ length: Number(concurrency) }, (_, index) => writer(index)));
