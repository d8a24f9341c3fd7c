import type { DeviceClass } from "../../generated/resource-v1.ts";

/** From the name of a device class to the extended resource that it says pods may ask for in its place. */
export function extendedResources(classes: readonly DeviceClass[]): (deviceClass: string) => string | undefined {
  return (name) => classes.find(({ metadata }) => metadata?.name === name)?.spec?.extendedResourceName;
}
