/** What `kubectl explain` says of the metadata that all objects have; the other types are published without words. */
const objectMeta: Readonly<Record<string, string>> = {
  annotations: "Annotations is an unstructured map of keys and values for tools. They are not queryable.",
  creationTimestamp:
    "CreationTimestamp is a timestamp representing the server time when this object was created, in RFC 3339 form and UTC. Populated by the system. Read-only.",
  deletionGracePeriodSeconds:
    "Number of seconds allowed for this object to gracefully terminate before it is removed. Set only with deletionTimestamp. Read-only.",
  deletionTimestamp:
    "DeletionTimestamp is the time at which this object will be deleted, set by the server when a deletion is requested. Read-only.",
  finalizers: "Must be empty before the object is removed. Each entry names a component that removes it from the list.",
  generateName: "GenerateName is a prefix, used by the server to make a unique name if none is given.",
  generation: "A sequence number of the desired state. Populated by the system. Read-only.",
  labels: "Map of keys and values that can be used to organize and select objects.",
  managedFields: "ManagedFields maps managers to the fields that they own, for server-side apply.",
  name: "Name must be unique within a namespace. Cannot be updated.",
  namespace: "Namespace defines the space within which each name must be unique. Cannot be updated.",
  ownerReferences:
    "List of objects depended by this object. When all of them have been deleted, it is garbage collected.",
  resourceVersion:
    "An opaque value that represents the internal version of this object, to tell when it has changed. Read-only.",
  selfLink: "Deprecated: a legacy field that is no longer populated by the system.",
  uid: "UID is the unique in time and space value for this object. Populated by the system. Read-only.",
};

/** undefined where nothing is said. */
export function describeField(typeName: string, field: string): string | undefined {
  return typeName === "io.k8s.apimachinery.pkg.apis.meta.v1.ObjectMeta" ? objectMeta[field] : undefined;
}
