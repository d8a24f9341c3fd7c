/**
 * Entry of the single executable: launcher on the host, supervisor and its processes in the node (`mini node …`). Each
 * side is evaluated only when it is the one asked for, so that neither pays for the other's libraries.
 */
const [, , command] = process.argv;

async function main(): Promise<void> {
  if (command === "node") await (await import("../src/node/main.ts")).main(process.argv.slice(3));
  else await (await import("../src/cli/index.ts")).run(process.argv.slice(2));
}

main().catch((error: unknown) => {
  console.error(error);
  process.exit(1);
});
