/** `["a" "b"]`, as Go prints a list of strings with %q. */
export function goStrings(list: readonly string[]): string {
  return `[${list.map((one) => JSON.stringify(one)).join(" ")}]`;
}
