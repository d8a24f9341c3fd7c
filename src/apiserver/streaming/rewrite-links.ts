import { valueAt } from "../../machinery/meta/accessors.ts";

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

/** Rewrites the URLs in an HTML page. */
export function rewriteHtml(page: string, location: ProxyLocation): string {
  return page.replace(/<([a-z][a-z0-9]*)((?:\s[^<>]*)?)>/gi, (tag, element: string, attributes: string) => {
    const wanted = valueAt(urlAttributes, element.toLowerCase());
    if (wanted === undefined || attributes === "") return tag;
    const pattern = new RegExp(`(\\s(?:${wanted.join("|")})\\s*=\\s*)(?:"([^"]*)"|'([^']*)'|([^\\s"'>]+))`, "gi");
    const rewritten = attributes.replace(
      pattern,
      (_whole, start: string, double?: string, single?: string, bare?: string) => {
        return `${start}"${rewriteUrl(double ?? single ?? bare ?? "", location)}"`;
      },
    );
    return `<${element}${rewritten}>`;
  });
}
