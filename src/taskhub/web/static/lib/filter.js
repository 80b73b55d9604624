/** Text of filters: conditions parted by spaces, quotes hold spaces together. Pure functions. */

/** Conditions of a filter, as written. */
export function splitFilter(text) {
  return (text ?? "").match(/(?:"(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*'|\S)+/g) ?? [];
}

/** Key and value of a condition: "-queue:mail" is ["-queue:", "mail"]. */
export function splitCondition(condition) {
  const at = condition.indexOf(":");
  return at < 0 ? ["", condition] : [condition.slice(0, at + 1), condition.slice(at + 1)];
}

/** Conditions joined to a filter. */
export const joinFilter = (conditions) => conditions.join(" ");

/** The state that a filter asks for: a tab's name, "all", or null when it is more than one. */
export function stateOf(text) {
  const states = splitFilter(text).filter((condition) => /^-?state:/.test(condition));
  if (!states.length) return "all";
  if (states.length > 1 || states[0].startsWith("-")) return null;
  const value = states[0].slice("state:".length);
  return value === "dead" ? "failed" : value;
}

/** A filter with another state; "all" takes the state out. */
export function withState(text, state) {
  const kept = splitFilter(text);
  const at = kept.findIndex((condition) => /^-?state:/.test(condition));
  const rest = kept.filter((condition) => !/^-?state:/.test(condition));
  if (state !== "all") rest.splice(at < 0 ? rest.length : at, 0, `state:${state}`);
  return joinFilter(rest);
}
