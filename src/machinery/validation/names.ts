/**
 * Checks of names, labels, ports and paths, in the words of apimachinery's util/validation and api/validate/content.
 * Every check returns the list of complaints, empty for a valid value; kinds and the registry turn them into field
 * errors. Lengths are in bytes of UTF-8, as in Go.
 */

const noErrors: readonly string[] = [];
type Complaints = readonly string[];

const byteLength = (value: string): number => Buffer.byteLength(value);

export const maxLengthError = (length: number): string => `must be no more than ${length} characters`;
const maxBytesError = (length: number): string => `must be no more than ${length} bytes`;
export const inclusiveRangeError = (low: number, high: number): string =>
  `must be between ${low} and ${high}, inclusive`;
export const emptyError = "must be non-empty";

/** `MESSAGE (e.g. 'a',  or 'b', regex used for validation is 'PATTERN')`, with upstream's punctuation. */
export function regexError(message: string, pattern: string, ...examples: string[]): string {
  if (examples.length === 0) return `${message} (regex used for validation is '${pattern}')`;
  return `${message} (e.g. ${examples.map((example) => `'${example}', `).join(" or ")}regex used for validation is '${pattern}')`;
}

interface TextRule {
  /** Bytes; default: any length. */
  readonly longest?: number;
  readonly lengthError?: (length: number) => string;
  /** Of ASCII alone, for the whole text. */
  readonly pattern: string;
  readonly message: string;
  readonly examples: readonly string[];
}

type TextCheck = (value: string) => Complaints;

function checkOf(rule: TextRule): TextCheck {
  const { longest = Number.POSITIVE_INFINITY, lengthError = maxLengthError, pattern, message, examples } = rule;
  const regexp = new RegExp(`^${pattern}$`);
  const complaint = regexError(message, pattern, ...examples);
  return (value) => {
    const matches = regexp.test(value);
    // What matches has as many bytes as characters.
    if (matches && value.length <= longest) return noErrors;
    const errors: string[] = [];
    if (byteLength(value) > longest) errors.push(lengthError(longest));
    if (!matches) errors.push(complaint);
    return errors;
  };
}

const label1123 = "[a-z0-9]([-a-z0-9]*[a-z0-9])?";
const label1123Message =
  "a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must start and end with an alphanumeric character";
const label1123Regexp = new RegExp(`^${label1123}$`);
const subdomain1123 = `${label1123}(\\.${label1123})*`;
const subdomain1123Regexp = new RegExp(`^${subdomain1123}$`);

export function isDns1123Label(value: string): Complaints {
  if (value.length <= 63 && label1123Regexp.test(value)) return noErrors;
  const errors: string[] = [];
  if (byteLength(value) > 63) errors.push(maxLengthError(63));
  if (!label1123Regexp.test(value)) {
    errors.push(
      subdomain1123Regexp.test(value)
        ? "must not contain dots"
        : regexError(label1123Message, label1123, "my-name", "123-abc"),
    );
  }
  return errors;
}

const subdomainRule: TextRule = {
  longest: 253,
  pattern: subdomain1123,
  message:
    "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and end with an alphanumeric character",
  examples: ["example.com"],
};

export const isDns1123Subdomain: TextCheck = checkOf(subdomainRule);
const isLabelPrefix = checkOf({ ...subdomainRule, lengthError: maxBytesError });

const label1123Underscore = "_?[a-z0-9]([-_a-z0-9]*[a-z0-9])?";

/** As isDns1123Subdomain, with underscores allowed (search domains of a pod's dnsConfig). */
export const isDns1123SubdomainWithUnderscore: TextCheck = checkOf({
  longest: 253,
  pattern: `${label1123Underscore}(\\.${label1123Underscore})*`,
  message:
    "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '_', '-' or '.', and must start and end with an alphanumeric character",
  examples: ["example.com"],
});

export const isDns1035Label: TextCheck = checkOf({
  longest: 63,
  pattern: "[a-z]([-a-z0-9]*[a-z0-9])?",
  message:
    "a DNS-1035 label must consist of lower case alphanumeric characters or '-', start with an alphabetic character, and end with an alphanumeric character",
  examples: ["my-name", "abc-123"],
});

export const isWildcardDns1123Subdomain: TextCheck = checkOf({
  longest: 253,
  pattern: `\\*\\.${subdomain1123}`,
  message:
    "a wildcard DNS-1123 subdomain must start with '*.', followed by a valid DNS subdomain, which must consist of lower case alphanumeric characters, '-' or '.' and end with an alphanumeric character",
  examples: ["*.example.com"],
});

const labelKey = "([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]";
const labelKeyRegexp = new RegExp(`^${labelKey}$`);
const labelKeyMessage =
  "must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character";
const labelKeyError = regexError(labelKeyMessage, labelKey, "MyName", "my.name", "123-abc");

/** A label key, annotation key, condition type, finalizer: an optional DNS subdomain, `/`, and a name. */
export function isQualifiedName(value: string): Complaints {
  const slash = value.indexOf("/");
  if (slash >= 0 && value.indexOf("/", slash + 1) >= 0) {
    return [
      `a valid label key ${labelKeyError} with an optional DNS subdomain prefix and '/' (e.g. 'example.com/MyName')`,
    ];
  }
  const errors: string[] = [];
  if (slash === 0) errors.push(`prefix part ${emptyError}`);
  else if (slash > 0) {
    for (const message of isLabelPrefix(value.slice(0, slash))) errors.push(`prefix part ${message}`);
  }
  const name = value.slice(slash + 1);
  if (name === "") errors.push(`name part ${emptyError}`);
  else if (byteLength(name) > 63) errors.push(`name part ${maxBytesError(63)}`);
  if (!labelKeyRegexp.test(name)) errors.push(`name part ${labelKeyError}`);
  return errors;
}

export const isLabelValue: TextCheck = checkOf({
  longest: 63,
  lengthError: maxBytesError,
  pattern: `(${labelKey})?`,
  message:
    "a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character",
  examples: ["MyValue", "my_value", "12345"],
});

export function isPortNumber(port: number): Complaints {
  return port >= 1 && port <= 65535 ? noErrors : [inclusiveRangeError(1, 65535)];
}

export function isInRange(value: number, low: number, high: number): Complaints {
  return value >= low && value <= high ? noErrors : [inclusiveRangeError(low, high)];
}

/** A Unix user or group ID: 0 to 2³¹−1. */
export const isUserId = (id: number): Complaints => isInRange(id, 0, 2147483647);

/** An IANA service name: at most 15 of [-a-z0-9], with a letter, without leading, trailing or doubled hyphens. */
export function isPortName(port: string): Complaints {
  const errors: string[] = [];
  if (byteLength(port) > 15) errors.push(maxLengthError(15));
  if (!/^[-a-z0-9]+$/.test(port)) errors.push("must contain only alpha-numeric characters (a-z, 0-9), and hyphens (-)");
  if (!/[a-z]/.test(port)) errors.push("must contain at least one letter (a-z)");
  if (port.includes("--")) errors.push("must not contain consecutive hyphens");
  if (port.startsWith("-") || port.endsWith("-")) errors.push("must not begin or end with a hyphen");
  return errors;
}

export const isPercent: TextCheck = checkOf({
  pattern: "[0-9]+%",
  message: "a valid percent string must be a numeric string followed by an ending '%'",
  examples: ["1%", "93%"],
});

export const isHttpHeaderName: TextCheck = checkOf({
  pattern: "[-A-Za-z0-9]+",
  message: "a valid HTTP header must consist of alphanumeric characters or '-'",
  examples: ["X-Header-Name"],
});

/** RelaxedEnvironmentVariableValidation, on by default in 1.36: printable ASCII but `=`. */
export function isEnvironmentVariableName(value: string): Complaints {
  const errors: string[] = [];
  if (value === "") errors.push(`environment variable name ${emptyError}`);
  if (/[^ -~]|=/.test(value)) {
    errors.push("a valid environment variable name must consist only of printable ASCII characters other than '='");
  }
  return errors;
}

function parentFolderErrors(value: string): string[] {
  if (value === ".") return ["must not be '.'"];
  if (value === "..") return ["must not be '..'"];
  return value.startsWith("..") ? ["must not start with '..'"] : [];
}

const isConfigKey = checkOf({
  longest: 253,
  pattern: "[-._a-zA-Z0-9]+",
  message: "a valid config key must consist of alphanumeric characters, '-', '_' or '.'",
  examples: ["key.name", "KEY_NAME", "key-name"],
});

/** A key of a ConfigMap or Secret. */
export const isConfigMapKey: TextCheck = (value) => [...isConfigKey(value), ...parentFolderErrors(value)];

/** A name that becomes one element of a URL path (RBAC objects, and the least that every name must meet). */
export function isPathSegmentName(value: string): Complaints {
  if (value === "." || value === "..") return [`may not be '${value}'`];
  return ["/", "%"].filter((illegal) => value.includes(illegal)).map((illegal) => `may not contain '${illegal}'`);
}

/** Of a generateName prefix the last `-` counts as part of what is generated. */
const maskTrailingDash = (name: string): string =>
  name.length > 1 && name.endsWith("-") ? `${name.slice(0, -2)}a` : name;

/** KindDefinition.validateName for the usual sorts of names; `prefix` for generateName. */
export const nameIsDnsSubdomain = (name: string, prefix: boolean): Complaints =>
  isDns1123Subdomain(prefix ? maskTrailingDash(name) : name);
export const nameIsDnsLabel = (name: string, prefix: boolean): Complaints =>
  isDns1123Label(prefix ? maskTrailingDash(name) : name);
export const nameIsPathSegment = (name: string, _prefix: boolean): Complaints => isPathSegmentName(name);
