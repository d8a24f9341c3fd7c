#!/usr/bin/env node
/** Guest entry from source: what `mini node` is in the single executable. */
import { main } from "../src/node/main.ts";

await main(process.argv.slice(2));
