/** The import rules of ARCHITECTURE.md: which folder may import which. Everything not listed here is forbidden. */
const allowed = {
  lib: [],
  machinery: ["lib"],
  kinds: ["machinery", "lib"],
  store: ["lib"],
  client: ["kinds", "machinery", "lib"],
  apiserver: ["store", "kinds", "machinery", "lib"],
  controllers: ["client", "kinds", "machinery", "lib"],
  scheduler: ["client", "kinds", "machinery", "lib"],
  kubelet: ["client", "kinds", "machinery", "lib"],
  network: ["client", "kinds", "machinery", "lib"],
  libvirt: ["lib"],
  drivers: ["libvirt", "lib"],
  cluster: ["drivers", "libvirt", "client", "kinds", "machinery", "lib"],
  cli: ["cluster", "drivers", "lib"],
};

const layers = Object.entries(allowed).map(([folder, imports]) => ({
  name: `${folder}-imports`,
  comment: `src/${folder} imports only ${["itself", ...imports].join(", ")}`,
  severity: "error",
  from: { path: `^src/${folder}/`, pathNot: "\\.test\\.ts$" },
  to: { path: "^src/", pathNot: `^src/(${[folder, ...imports].join("|")})/` },
}));

/** One folder owns each native or wire library. */
const owners = { "ffi-napi": "libvirt", "better-sqlite3": "store/sqlite", "@grpc/grpc-js": "(kubelet/cri|store/etcd)" };
const owned = Object.entries(owners).map(([library, folder]) => ({
  name: `${library.replace(/\W/g, "-")}-owner`,
  severity: "error",
  from: { path: "^src/", pathNot: `^src/${folder}/` },
  to: { path: `node_modules/${library}/` },
}));

module.exports = {
  forbidden: [
    {
      name: "no-cycles",
      severity: "error",
      from: {},
      to: { circular: true, viaOnly: { dependencyTypesNot: ["type-only"] } },
    },
    ...layers,
    ...owned,
  ],
  options: {
    doNotFollow: { path: "node_modules" },
    tsPreCompilationDeps: true,
    parser: "swc",
  },
};
