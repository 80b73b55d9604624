/** Points in time for people, in the time zone of the app: pure but for the zone that is set. */
import { language, t } from "./i18n.js";

let zoneName;
let format = new Map();

/** Show times in a zone such as "Asia/Shanghai"; without one in the browser's. */
export function setTimezone(name) {
  try {
    new Intl.DateTimeFormat("en", { timeZone: name });
    zoneName = name || undefined;
  } catch {
    zoneName = undefined; // a zone that the browser does not know
  }
  format = new Map();
}

function formatter(locale, options) {
  const key = locale + JSON.stringify(options);
  if (!format.has(key)) {
    format.set(key, new Intl.DateTimeFormat(locale, { ...options, timeZone: zoneName }));
  }
  return format.get(key);
}

const two = (value) => String(value).padStart(2, "0");

/** Milliseconds since the epoch of an ISO text, or of seconds. */
const millis = (at) => (typeof at === "number" ? at * 1000 : Date.parse(at));

/** Seconds since the epoch of an ISO text; null stays null. */
export const seconds = (at) => (at == null ? null : millis(at) / 1000);

/** Seconds from one point in time to another. */
export const between = (from, to) =>
  from == null || to == null ? null : (millis(to) - millis(from)) / 1000;

function fields(at) {
  const options = {
    year: "numeric", month: "numeric", day: "numeric",
    hour: "2-digit", minute: "2-digit", second: "2-digit", hourCycle: "h23",
  };
  const found = {};
  for (const { type, value } of formatter("en-GB", options).formatToParts(new Date(millis(at)))) {
    found[type] = Number(value);
  }
  return found;
}

/** Time of day: "14:31:56". */
export function clock(at) {
  if (at == null) return "";
  const { hour, minute, second } = fields(at);
  return `${two(hour)}:${two(minute)}:${two(second)}`;
}

/** Time of day without seconds: "14:31". */
export const minute = (at) => clock(at).slice(0, 5);

/** Time of day to the millisecond: "14:28:41.602". */
export function clockExact(at) {
  if (at == null) return "";
  const rest = ((Math.round(millis(at)) % 1000) + 1000) % 1000;
  return `${clock(at)}.${String(rest).padStart(3, "0")}`;
}

const names = {
  long: "January February March April May June July August September October November December",
  short: "Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec",
};

/** A day: "30 November", "30 Nov" or "2026-11-30". */
export function day(at, style = "long") {
  const { year, month, day: date } = fields(at);
  if (style === "iso") return `${year}-${two(month)}-${two(date)}`;
  if (language() === "zh") return `${month} 月 ${date} 日`;
  return `${date} ${names[style].split(" ")[month - 1]}`;
}

const weekday = (at, style) =>
  formatter(language() === "zh" ? "zh-CN" : "en-GB", { weekday: style }).format(
    new Date(millis(at)),
  );

/** Number of days between two points in time, by the calendar. */
export function daysBetween(from, to) {
  const start = (at) => {
    const { year, month, day: date } = fields(at);
    return Date.UTC(year, month - 1, date);
  };
  return Math.round((start(to) - start(from)) / 86400000);
}

/** Time of day without seconds that are zero: "14:35:00" stays when `full`. */
const time = (at, full) => (full ? clock(at) : minute(at));

/** A time, with its day when that is not today: "14:31:56", "yesterday 14:31", "31 Oct". */
export function when(at, now, { full = true, far = false } = {}) {
  if (at == null) return "";
  const away = daysBetween(now, at);
  if (away === 0) return time(at, full);
  if (away === -1) return t("yesterday {time}", { time: minute(at) });
  if (away === 1) return t("tomorrow {time}", { time: minute(at) });
  if (!far && Math.abs(away) > 7) return day(at, "short");
  if (!far) return t("{day}, {time}", { day: `${weekday(at, "short")} ${day(at, "short")}`, time: minute(at) });
  return t("{day}, {time}", { day: day(at, "iso"), time: minute(at) });
}

/** Heading of a day: "Today, 30 November", "Sunday, 29 November". */
export function dayHeading(at, now) {
  const name = daysBetween(now, at) === 0 ? t("Today") : weekday(at, "long");
  return t("{weekday}, {day}", { weekday: name, day: day(at) });
}

/** Offset of the zone: "UTC+8". */
export function zone(at) {
  const { year, month, day: date, hour, minute: minutes, second } = fields(at);
  const local = Date.UTC(year, month - 1, date, hour, minutes, second);
  const offset = Math.round((local - millis(at)) / 60000);
  if (offset === 0) return "UTC";
  const rest = Math.abs(offset) % 60;
  const hours = Math.floor(Math.abs(offset) / 60);
  return `UTC${offset < 0 ? "-" : "+"}${hours}${rest ? ":" + two(rest) : ""}`;
}
