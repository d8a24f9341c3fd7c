/** Where a webhook is called: a URL or a service, for admission and for the conversion of custom resources. */
import { type FieldError, invalidValue, required } from "../machinery/errors/field-error.ts";
import { isPortNumber } from "../machinery/validation/names.ts";

interface Target {
  url?: string | undefined;
  service?: { namespace: string; name: string; path?: string | undefined; port?: number | undefined } | undefined;
}

const form = "; desired format: https://host[/path]";

export function validateWebhookTarget(target: Target | undefined, path: string): FieldError[] {
  const { url, service } = target ?? {};
  if ((url === undefined) === (service === undefined)) {
    return [required(path, "exactly one of url or service is required")];
  }
  return url === undefined ? validateService(service, `${path}.service`) : validateUrl(url, `${path}.url`);
}

function validateUrl(text: string, path: string): FieldError[] {
  if (!URL.canParse(text)) {
    const hostless = !/^[a-z][a-z0-9+.-]*:/i.test(text);
    return hostless
      ? [
          invalidValue(path, "", `'https' is the only allowed URL scheme${form}`),
          invalidValue(path, "", `host must be specified${form}`),
        ]
      : [required(path, `url must be a valid URL: parse ${JSON.stringify(text)}: invalid URL${form}`)];
  }
  const url = new URL(text);
  const scheme = url.protocol.slice(0, -1);
  const errors: FieldError[] = [];
  if (scheme !== "https") errors.push(invalidValue(path, scheme, `'https' is the only allowed URL scheme${form}`));
  if (url.host === "") errors.push(invalidValue(path, "", `host must be specified${form}`));
  if (url.username !== "") {
    errors.push(invalidValue(path, url.username, "user information is not permitted in the URL"));
  }
  if (url.hash !== "") errors.push(invalidValue(path, url.hash.slice(1), "fragments are not permitted in the URL"));
  if (url.search !== "") {
    errors.push(invalidValue(path, url.search.slice(1), "query parameters are not permitted in the URL"));
  }
  return errors;
}

function validateService(service: Target["service"], path: string): FieldError[] {
  const errors: FieldError[] = [];
  if (!service?.name) errors.push(required(`${path}.name`));
  if (!service?.namespace) errors.push(required(`${path}.namespace`));
  const port = service?.port ?? 443;
  const complaints = isPortNumber(port);
  if (complaints.length > 0) {
    errors.push(invalidValue(`${path}.port`, port, `port is not valid: ${complaints.join(", ")}`));
  }
  const url = service?.path;
  if (url && url !== "/" && !url.startsWith("/")) {
    errors.push(invalidValue(`${path}.path`, url, "must start with a '/'"));
  }
  return errors;
}
