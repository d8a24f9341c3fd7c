#!/usr/bin/env node
/** Guest entry from source: what `mini node` is in the single executable. */
import { killAtExit } from "../src/lib/process-exit.ts";
import { main } from "../src/node/main.ts";

killAtExit();
await main(process.argv.slice(2));
