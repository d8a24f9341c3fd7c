/** Ages in tables, as apimachinery's duration.HumanDuration prints them. */

const secondsPerMinute = 60;
const secondsPerHour = 3600;

/** Of milliseconds: `45s`, `3m20s`, `15m`, `5h30m`, `3d4h`, `200d`, `2y50d`; `0s` for a little below zero. */
export function humanDuration(milliseconds: number): string {
  const seconds = Math.trunc(milliseconds / 1000);
  if (seconds < -1) return "<invalid>";
  if (seconds < 0) return "0s";
  if (seconds < 2 * secondsPerMinute) return `${seconds}s`;
  const minutes = Math.floor(seconds / secondsPerMinute);
  if (minutes < 10) return withRest(`${minutes}m`, seconds % 60, "s");
  if (minutes < 180) return `${minutes}m`;
  const hours = Math.floor(seconds / secondsPerHour);
  if (hours < 8) return withRest(`${hours}h`, minutes % 60, "m");
  if (hours < 48) return `${hours}h`;
  const days = Math.floor(hours / 24);
  if (hours < 192) return withRest(`${days}d`, hours % 24, "h");
  if (days < 365 * 2) return `${days}d`;
  const years = Math.floor(days / 365);
  return days < 365 * 8 ? withRest(`${years}y`, days % 365, "d") : `${years}y`;
}

const withRest = (text: string, rest: number, unit: string): string => (rest === 0 ? text : `${text}${rest}${unit}`);
