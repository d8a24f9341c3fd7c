/** The create strategy of kinds whose status only their controller writes: what the client sent of it is dropped. */
export function clearStatus(object: { status?: unknown }): void {
  object.status = {};
}
