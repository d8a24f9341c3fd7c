#!/usr/bin/env node
/** The command line from source; in the single executable bin/mini.ts is the entry. */
import { run } from "../src/cli/index.ts";
import { compileOnMainThread } from "../src/lib/process-exit.ts";

compileOnMainThread();
await run(process.argv.slice(2));
