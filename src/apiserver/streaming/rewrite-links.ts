import { setImmediate } from "node:timers/promises";

/** Attributes of HTML elements that hold one URL each. */
const urlAttributes: Readonly<Record<string, readonly string[]>> = {
  a: ["href"],
  area: ["href"],
  audio: ["src"],
  base: ["href"],
  blockquote: ["cite"],
  body: ["background"],
  button: ["formaction"],
  del: ["cite"],
  embed: ["src"],
  form: ["action"],
  frame: ["longdesc", "src"],
  head: ["profile"],
  html: ["manifest"],
  iframe: ["longdesc", "src"],
  img: ["longdesc", "src", "usemap"],
  input: ["src", "usemap", "formaction"],
  ins: ["cite"],
  link: ["href"],
  object: ["classid", "codebase", "data", "usemap"],
  q: ["cite"],
  script: ["src"],
  source: ["src"],
  video: ["poster", "src"],
};

/** Where a proxied page lives for the browser. */
export interface ProxyLocation {
  /** `/api/v1/namespaces/x/services/y/proxy` */
  readonly prefix: string;
  /** Host and port of the backend, as its own links name it. */
  readonly backendHost: string;
  /** Host header of the client's request. */
  readonly requestHost: string;
}

/** An absolute path on the backend, as a path through the proxy; other URLs stay as they are. */
export function rewriteUrl(text: string, { prefix, backendHost, requestHost }: ProxyLocation): string {
  const match = /^(?:[a-z][a-z0-9+.-]*:)?(?:\/\/([^/?#]*))?(.*)$/is.exec(text);
  const host = match?.[1] ?? "";
  const rest = match?.[2] ?? "";
  const otherHost = host !== "" && host !== backendHost && host !== requestHost;
  if (otherHost || !rest.startsWith("/") || rest.startsWith(prefix)) return text;
  return prefix + rest;
}

/** Of each element, by its name: its attributes that hold URLs, and their values. */
const patterns: ReadonlyMap<string, RegExp> = new Map(
  Object.entries(urlAttributes).map(([element, attributes]) => [
    element,
    new RegExp(`(\\s(?:${attributes.join("|")})\\s*=\\s*)(?:"([^"]*)"|'([^']*)'|([^\\s"'>]+))`, "gi"),
  ]),
);

/** How much of a page is rewritten in a turn, in characters; and how long a tag may be that is looked into. */
const pieceLength = 16 * 1024;

/** Rewrites the URLs in an HTML page, which is whatever a pod sends, in turns. */
export async function rewritePage(page: string, location: ProxyLocation): Promise<string> {
  const pieces: string[] = [];
  for (let start = 0; start < page.length; ) {
    // No tag has another's beginning in it.
    const next = page.indexOf("<", start + pieceLength);
    const end = next < 0 ? page.length : next;
    pieces.push(rewriteHtml(page.slice(start, end), location));
    start = end;
    await setImmediate();
  }
  return pieces.join("");
}

export function rewriteHtml(page: string, location: ProxyLocation): string {
  return page.replace(/<([a-z][a-z0-9]*)((?:\s[^<>]*)?)>/gi, (tag, element: string, attributes: string) => {
    const pattern = patterns.get(element.toLowerCase());
    if (pattern === undefined || attributes === "" || attributes.length > pieceLength) return tag;
    const rewritten = attributes.replace(
      pattern,
      (_whole, start: string, double?: string, single?: string, bare?: string) => {
        return `${start}"${rewriteUrl(double ?? single ?? bare ?? "", location)}"`;
      },
    );
    return `<${element}${rewritten}>`;
  });
}
