/** Log lines on standard error, `I1123 13:14:00.123 scheduler] message key="value"`, as Kubernetes' components write them. */
export type LogLevel = "debug" | "info" | "warn" | "error";
export type LogFields = Record<string, unknown>;

export interface Logger {
  debug(message: string, fields?: LogFields): void;
  info(message: string, fields?: LogFields): void;
  warn(message: string, fields?: LogFields): void;
  error(message: string, fields?: LogFields): void;
}

const order: readonly LogLevel[] = ["debug", "info", "warn", "error"];
const letters: Record<LogLevel, string> = { debug: "D", info: "I", warn: "W", error: "E" };
const threshold = Math.max(0, order.indexOf((process.env["MINI_LOG_LEVEL"] ?? "info") as LogLevel));

/** A logger for one component. Never pass keys, tokens or the contents of Secrets as fields. */
export function createLogger(
  component: string,
  write: (line: string) => void = (line) => process.stderr.write(line),
): Logger {
  const log =
    (level: LogLevel) =>
    (message: string, fields: LogFields = {}) => {
      if (order.indexOf(level) < threshold) return;
      const [date, time] = new Date().toISOString().split("T") as [string, string];
      const rendered = Object.entries(fields).map(([key, value]) => ` ${key}=${renderField(value)}`);
      write(
        `${letters[level]}${date.slice(5, 7)}${date.slice(8, 10)} ${time.slice(0, 12)} ${component}] ${message}${rendered.join("")}\n`,
      );
    };
  return { debug: log("debug"), info: log("info"), warn: log("warn"), error: log("error") };
}

function renderField(value: unknown): string {
  if (value instanceof Error) return JSON.stringify(errorChain(value));
  return typeof value === "string" ? JSON.stringify(value) : (JSON.stringify(value) ?? "undefined");
}

/** `message: cause: cause of the cause`, for one line of log. */
export function errorChain(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  return error.cause === undefined ? error.message : `${error.message}: ${errorChain(error.cause)}`;
}
