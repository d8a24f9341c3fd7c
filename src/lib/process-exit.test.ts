import { spawnSync } from "node:child_process";
import { describe, expect, it } from "vitest";

const library = JSON.stringify(new URL("process-exit.ts", import.meta.url).href);

/** Compilers are at work, and the heap is over its limit, when it exits: one in three such processes hangs in Node 24.21. */
const busy = `
  const make = (n) => new Function("a", "b", \`const c=[];for(let i=0;i<40;i++){const o={x:a+i,y:b,k\${n}:i*0.5};c.push(o.x>3?o:[o.y,"q\${n}"+i,\${n}.125]);}
    switch(a&15){\${Array.from({length:60},(_, i)=>\`case \${i}:c.push({z\${i}_\${n}:\${n}.\${i}5});break;\`).join("")}} return c.length\`);
  const functions = Array.from({ length: 24 }, (_, n) => make(n));
  const round = () => functions.forEach((each) => each(1, 2));
  for (let count = 0; count < 300 + 400 * Math.random(); count++) round();
  const kept = [];
  for (let count = 0; count < 4; count++) { kept.push(new ArrayBuffer(60 << 20)); round(); }`;

function run(program: string) {
  const arguments_ = ["--disable-warning=ExperimentalWarning", "--input-type=module", "--eval", program];
  return spawnSync(process.execPath, arguments_, { encoding: "utf8", timeout: 60_000, killSignal: "SIGTERM" });
}

describe("the end of a process whose compilers wait for a garbage collection", { timeout: 120_000 }, () => {
  it("comes to a command, with its exit code", () => {
    const program = `import { compileOnMainThread } from ${library}; compileOnMainThread(); ${busy} process.exit(7);`;
    for (let count = 0; count < 6; count++) expect(run(program).status).toBe(7);
  });

  it("comes to a service", () => {
    const program = `import { killAtExit } from ${library}; killAtExit(); ${busy} process.exit(0);`;
    for (let count = 0; count < 6; count++) expect(run(program).signal).toBe("SIGKILL");
  });

  it("comes to a service that fails, which says why", () => {
    const { signal, stderr } = run(`import { killAtExit } from ${library}; killAtExit(); throw new Error("no store");`);
    expect(signal).toBe("SIGKILL");
    expect(stderr).toContain("Error: no store");
  });
});
