/** Words of a canvas: what it is made of, what matters of a node now. Pure functions. */
import { duration, lasting, span, splitName } from "../lib/format.js";
import { t } from "../lib/i18n.js";
import { between } from "../lib/time.js";

export const markOf = (state) =>
  ({ not_run: "not-run", unknown: "none" })[state] ?? state ?? "waiting";

const hollow = new Set(["waiting", "delayed", "not_run", "unknown", undefined]);

/** Whether a node's border is dashed: it waits, or never runs. */
export const isDashed = (node) => hollow.has(node.state);

/** What stands at the right of a node. */
export function sideText(node, at) {
  const { state, ran, tries, max_tries: most, due_at: due } = node;
  const left = due && at ? Math.max(between(at, due), 0) : null;
  if (state === "succeeded") return duration(ran);
  if (state === "running") return lasting(ran);
  if (state === "failed" && tries > 1) {
    return most
      ? t("{part} of {whole} {whole|try|tries}", { part: tries, whole: most })
      : t("{n} {n|try|tries}", { n: tries });
  }
  if (state === "failed") return node.error ?? duration(ran);
  if (state === "retrying") {
    const next = (tries ?? 0) + 1;
    return left == null ? t("try {n} next", { n: next }) : t("try {n} in {time}", { n: next, time: span(left) });
  }
  if (state === "delayed" && left != null) return t("due in {time}", { time: span(left) });
  if (state === "revoked") return tries ? t("revoked") : t("before start");
  if (state === "not_run") return node.error ? t("not run, {error}", { error: node.error }) : t("not run");
  if (state === "unknown") return t("not kept");
  return "";
}

/** Label of a node: the function, or the arguments that differ. */
export function labelOf(node) {
  const name = splitName(node.task)[1];
  return { text: node.label || name || node.id?.slice(0, 8) || t("a task"), code: Boolean(node.label && node.label !== name) };
}

const kinds = { task: "task", chain: "chain", group: "group", chord: "chord" };

/** Word of a kind: "chord". */
export const kindWord = (kind) => t(`canvas@${kinds[kind] ?? kind}`);

/** What a group is made of: "group of 5, each sync_stock_data", "3 chains of 2". */
export function groupWords(group) {
  const size = group.size ?? group.members?.length ?? 0;
  const first = group.members?.[0];
  const lengths = new Set(group.members?.map((member) => member.steps?.length));
  if (first?.kind === "chain" && lengths.size === 1 && !group.collapsed) {
    return t("{n} {n|chain|chains} of {length}", { n: size, length: first.steps.length });
  }
  return group.each
    ? t("group of {n}, each {task}", { n: size, task: splitName(group.each)[1] })
    : t("group of {n}", { n: size });
}

const order = ["succeeded", "failed", "dead", "retrying", "running", "waiting", "delayed", "revoked", "not_run", "unknown"];
const stateWords = {
  succeeded: "{n} succeeded", failed: "{n} failed", dead: "{n} dead", retrying: "{n} retrying",
  running: "{n} running", waiting: "{n} waiting", delayed: "{n} delayed", revoked: "{n} revoked",
  not_run: "{n} not run", unknown: "{n} not kept",
};

/** Counts by state as words: "4 succeeded, 1 failed". */
export const countWords = (counts) =>
  order
    .filter((state) => counts?.[state])
    .map((state) => t(stateWords[state], { n: counts[state] }))
    .join(t("list@, "));

/** The sum of a canvas: "chain of 3, 8 tasks: 4 succeeded, 1 failed". */
export function sumWords(canvas) {
  const { node } = canvas;
  const shape = node.kind === "chain"
    ? t("chain of {n}", { n: node.steps.length + (node.more ?? 0) })
    : node.kind === "group" ? groupWords(node) : kindWord(node.kind);
  const text = t("{shape}, {n} {n|task|tasks}: {states}", {
    shape, n: canvas.total, states: countWords(canvas.counts),
  });
  return canvas.complete ? text : `${text}. ${t("Parts of it are not known: no longer kept, or not sent yet.")}`;
}

/** States of a collapsed group, in the order of its bar. */
export const orderedCounts = (counts) =>
  order.filter((state) => counts?.[state]).map((state) => [state, counts[state]]);

/** Members that a collapsed group does not draw: "1 more failed, 8 more retrying". */
export function moreWords(group) {
  return ["failed", "retrying"]
    .map((state) => [state, (group.counts?.[state] ?? 0) - (group.members ?? []).filter((one) => one.state === state).length])
    .filter(([, left]) => left > 0)
    .map(([state, left]) => t(state === "failed" ? "{n} more failed" : "{n} more retrying", { n: left }))
    .join(t("list@, "));
}
