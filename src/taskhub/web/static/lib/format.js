/** Numbers, durations and names for people: pure functions. */
import { language, t } from "./i18n.js";

const NBSP = "\u00a0";

/** A number and its unit, which never break. */
export const unit = (number, name) => `${number}${NBSP}${t("unit@" + name)}`;

const grouped = new Intl.NumberFormat("en-US");

/** A count with thousands separators; nothing for what is not known. */
export const count = (value) => (value == null ? "" : grouped.format(Math.round(value)));

const two = (value) => String(value).padStart(2, "0");

/** A duration of at most two units: "842 ms", "1.24 s", "30.0 s", "4 m 12 s", "2 d 4 h". */
export function duration(seconds, { pad = false, digits } = {}) {
  if (seconds == null) return "";
  const value = Math.max(0, seconds);
  if (value < 1e-3) return value === 0 ? unit(0, "s") : unit((value * 1000).toFixed(1), "ms");
  if (value < 0.9995) return unit(Math.round(value * 1000), "ms");
  if (value < 9.995) return unit(value.toFixed(digits ?? 2), "s");
  if (value < 59.95) return unit(value.toFixed(digits ?? 1), "s");
  const whole = Math.round(value);
  return twoUnits(whole, pad);
}

function twoUnits(whole, pad) {
  const steps = [
    [86400, "d", 3600, "h"],
    [3600, "h", 60, "m"],
    [60, "m", 1, "s"],
  ];
  for (const [size, name, below, small] of steps) {
    if (whole < size) continue;
    const rest = Math.floor((whole % size) / below);
    if (rest === 0 && !pad) return unit(Math.floor(whole / size), name);
    const shown = pad && name === "m" ? two(rest) : rest;
    return `${unit(Math.floor(whole / size), name)} ${unit(shown, small)}`;
  }
  return unit(whole, "s");
}

/** A limit or a pause that somebody has set: "45 s", "60 s", "5 m". */
export function setting(seconds) {
  if (seconds == null) return "";
  if (seconds <= 120) return unit(Number(seconds.toFixed(3)), "s");
  return twoUnits(Math.round(seconds), false);
}

/** A wait that goes on, for tables: "0.2 s", "41 s", "4 m 12 s". */
export function wait(seconds) {
  if (seconds == null) return "";
  if (seconds < 0.0995) return duration(seconds);
  if (seconds < 9.95) return unit(seconds.toFixed(1), "s");
  if (seconds < 59.5) return unit(Math.round(seconds), "s");
  return twoUnits(Math.round(seconds), seconds < 3600);
}

/** How long something has run so far: "0.3 s", "47.3 s", "2 m 08 s". */
export function lasting(seconds) {
  if (seconds == null) return "";
  if (seconds < 0.0995) return duration(seconds);
  return seconds < 59.95 ? unit(seconds.toFixed(1), "s") : twoUnits(Math.round(seconds), true);
}

/** A duration in whole seconds, two units: "8 s", "1 m 8 s", "6 d 4 h". */
export function span(seconds) {
  return seconds == null ? "" : twoUnits(Math.max(0, Math.round(seconds)), false);
}

/** How long ago something was, in one unit: "12 s", "3 m", "19 h", "6 d". */
export function age(seconds) {
  if (seconds == null) return "";
  const value = Math.max(0, seconds);
  if (value < 60) return unit(Math.floor(value), "s");
  if (value < 3600) return unit(Math.floor(value / 60), "m");
  if (value < 86400) return unit(Math.floor(value / 3600), "h");
  return unit(Math.floor(value / 86400), "d");
}

/** An events-per-second rate: "7.3", "0.57", "0". */
export function rate(value) {
  if (value == null) return "";
  if (value === 0) return "0";
  if (value < 0.005) return "<0.01";
  if (value < 1) return String(Number(value.toFixed(2)));
  return value < 100 ? value.toFixed(1).replace(/\.0$/, "") : count(value);
}

/** A share: "15.1%", "0.02%", or "1 of 1" when there are few. */
export function share(part, whole) {
  if (!whole) return "";
  if (whole < 10) return t("{part} of {whole}", { part, whole });
  const percent = (100 * part) / whole;
  if (percent === 0) return "0%";
  if (percent < 0.095) return `${percent.toFixed(2)}%`;
  return percent >= 99.95 ? "100%" : `${percent.toFixed(1)}%`;
}

/** An amount of memory: "612 MB", "1.42 GB". */
export function bytes(value) {
  if (value == null) return "";
  const [amount, name] = bytesIn(value);
  return `${amount}${NBSP}${name}`;
}

function bytesIn(value) {
  let amount = value;
  for (const name of ["B", "KB", "MB"]) {
    if (amount < 1000) return [name === "B" ? amount : Math.round(amount), name];
    amount /= 1000;
  }
  return [amount.toFixed(2), "GB"];
}

/** One amount of memory of another: "1.61 of 2.00 GB". */
export function bytesOf(used, limit) {
  const [a, unitA] = bytesIn(used);
  const [b, unitB] = bytesIn(limit);
  const shown = unitA === unitB ? String(a) : `${a}${NBSP}${unitA}`;
  return t("{part} of {whole}", { part: shown, whole: `${b}${NBSP}${unitB}` });
}

/** Path and function of a task's name: ["shop.tasks.", "send"]. */
export function splitName(name) {
  const text = name ?? "";
  const at = text.lastIndexOf(".") + 1;
  return [text.slice(0, at), text.slice(at)];
}

/** First eight hex digits of an id. */
export const shortId = (id) => (id ?? "").slice(0, 8);
