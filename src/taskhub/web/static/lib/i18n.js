/**
 * Translation of messages. A message's English text is its key.
 *
 * `{name}` stands for a value, and numbers get thousands separators; `{n|task|tasks}` chooses by
 * the number `n`.
 */
import { config } from "./config.js";
import zh from "../i18n/zh.js";

const dictionaries = { zh };
const grouped = new Intl.NumberFormat("en-US");

const pattern = /\{(\w+)(?:\|([^|}]*)\|([^}]*))?\}/g;

/** Language that pages are shown in: "en" or "zh". */
export const language = () => (config.language === "zh" ? "zh" : "en");

function lookUp(message) {
  return dictionaries[language()]?.[message] ?? message.replace(/^\w+@/, "");
}

function show(value) {
  return typeof value === "number" ? grouped.format(value) : value;
}

/** Text of a message, as a string. A key may begin with `context@`, which is not shown. */
export function t(message, values = {}) {
  return lookUp(message).replace(pattern, (_, name, one, many) =>
    one === undefined ? String(show(values[name]) ?? "") : values[name] === 1 ? one : many,
  );
}

/** Parts of a message, of which values may be elements. */
export function parts(message, values = {}) {
  const out = [];
  const text = lookUp(message);
  let end = 0;
  for (const match of text.matchAll(pattern)) {
    const [whole, name, one, many] = match;
    out.push(text.slice(end, match.index));
    out.push(one === undefined ? show(values[name]) : values[name] === 1 ? one : many);
    end = match.index + whole.length;
  }
  out.push(text.slice(end));
  return out;
}
