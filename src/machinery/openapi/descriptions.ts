/** What `kubectl explain` says of the metadata that all objects have; the other types are published without words. */
const objectMeta: Readonly<Record<string, string>> = {
  annotations: "Free-form notes, kept as text under keys; selectors do not see them.",
  creationTimestamp: "CreationTimestamp is a timestamp (RFC 3339, UTC): when the server created the object.",
  deletionGracePeriodSeconds: "How long the object may take to end, once it is being deleted.",
  deletionTimestamp: "When the object is due to be gone; the server sets it when somebody deletes the object.",
  finalizers: "Who still has to clean up before the object may go; each removes its own entry.",
  generateName: "The beginning of a name to be made up by the server, for objects that are created without one.",
  generation: "Counts the changes of what is wanted, as the server saw them.",
  labels: "Keys and values by which selectors find the object.",
  managedFields: "Which manager set which fields; what server-side apply goes by.",
  name: "The object's name, one of its kind in its namespace, for good.",
  namespace: "The namespace that the object lives in, for good.",
  ownerReferences: "The objects that this one belongs to; it is collected once they are all gone.",
  resourceVersion: "The version of the stored object, meant for comparing and for watching on from.",
  selfLink: "No longer set by any server.",
  uid: "Made by the server; no two objects ever have the same.",
};

/** undefined where nothing is said. */
export function describeField(typeName: string, field: string): string | undefined {
  return typeName === "io.k8s.apimachinery.pkg.apis.meta.v1.ObjectMeta" ? objectMeta[field] : undefined;
}
