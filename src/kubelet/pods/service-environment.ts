/** Variables that tell a container where the services of its namespace are: `{NAME}_SERVICE_HOST` and Docker's links. */
import type { Service } from "../../kinds/generated/core-v1.ts";

/** `kubernetes` in `default` is always there; the namespace's own services where the pod wants links. */
export function serviceEnvironment(
  services: Iterable<Service>,
  namespace: string,
  links: boolean,
): Map<string, string> {
  const chosen = new Map<string, Service>();
  for (const service of services) {
    const { name = "", namespace: own } = service.metadata ?? {};
    const address = service.spec?.clusterIP;
    if (!address || address === "None") continue;
    if (own === "default" && name === "kubernetes") {
      if (!chosen.has(name)) chosen.set(name, service);
    } else if (own === namespace && links) chosen.set(name, service);
  }
  const variables = new Map<string, string>();
  for (const service of chosen.values()) addService(variables, service);
  return variables;
}

const variableName = (name: string): string => name.replaceAll("-", "_").toUpperCase();

function addService(variables: Map<string, string>, { metadata, spec }: Service): void {
  const prefix = variableName(metadata?.name ?? "");
  const address = spec?.clusterIP ?? "";
  const ports = spec?.ports ?? [];
  variables.set(`${prefix}_SERVICE_HOST`, address);
  ports.forEach(({ name, port, protocol = "TCP" }, index) => {
    const scheme = protocol.toLowerCase();
    const host = address.includes(":") ? `[${address}]` : address;
    const url = `${scheme}://${host}:${port}`;
    if (index === 0) {
      variables.set(`${prefix}_SERVICE_PORT`, String(port));
      variables.set(`${prefix}_PORT`, url);
    }
    if (name) variables.set(`${prefix}_SERVICE_PORT_${variableName(name)}`, String(port));
    const link = `${prefix}_PORT_${port}_${protocol.toUpperCase()}`;
    variables.set(link, url);
    variables.set(`${link}_PROTO`, scheme);
    variables.set(`${link}_PORT`, String(port));
    variables.set(`${link}_ADDR`, address);
  });
}
