/** Words about periodic jobs. */
import { duration, span } from "../lib/format.js";
import { language, t } from "../lib/i18n.js";

/** When an entry runs; the API words it in English. */
export function whenWords(entry) {
  if (language() !== "zh") return entry.words;
  const { kind, expression, seconds } = entry.schedule;
  if (kind === "every") return `每 ${span(seconds)}`;
  return chineseWords(entry.words) ?? expression ?? entry.words;
}

const days = { Monday: "周一", Tuesday: "周二", Wednesday: "周三", Thursday: "周四", Friday: "周五", Saturday: "周六", Sunday: "周日" };

/** The commonest sentences in Chinese, or null. */
function chineseWords(words) {
  let found = /^Every day at (\d\d:\d\d)$/.exec(words);
  if (found) return `每天 ${found[1]}`;
  found = /^Every (\w+day) at (\d\d:\d\d)$/.exec(words);
  if (found && days[found[1]]) return `每${days[found[1]]} ${found[2]}`;
  found = /^Every (\d+) minutes$/.exec(words);
  if (found) return `每 ${found[1]} 分钟`;
  return words === "On the hour" ? "每小时整点" : null;
}

const outcomes = {
  succeeded: "succeeded", running: "runs now", waiting: "waits", retrying: "retries",
  revoked: "revoked", skipped: "skipped", ended: "ended, its result is not kept",
};

/** Outcome of a run: "runs now, try 2 of 4", "TimeoutError after 4 tries". */
export function outcomeWords(run) {
  if (run.outcome === "failed") {
    if (!run.error) return t("outcome@failed");
    return run.try > 1 ? t("{error} after {n} tries", { error: run.error, n: run.try }) : run.error;
  }
  const text = t(`run@${outcomes[run.outcome] ?? run.outcome}`);
  const tries = run.try > 1 && run.max_tries && ["running", "retrying"].includes(run.outcome);
  return tries ? `${text}${t("list@, ")}${t("try {n} of {all}", { n: run.try, all: run.max_tries })}` : text;
}

/** Mark of a run. */
export const runMark = (run) => (run.outcome === "ended" ? "none" : run.outcome);

/** Last run of an entry, behind its time: "took 4 m 12 s", "PermissionError". */
export function lastWords(run) {
  if (run.outcome === "failed") return run.error ?? t("outcome@failed");
  if (run.outcome === "skipped") return t("skipped");
  if (run.outcome === "running" || run.outcome === "retrying") {
    return run.try > 1 ? t("try {n} runs now", { n: run.try }) : t("run@runs now");
  }
  if (run.outcome === "succeeded" && run.took != null) return t("took {time}", { time: duration(run.took) });
  return t(`run@${outcomes[run.outcome] ?? run.outcome}`);
}

export const ifRunning = { skip: "skip", queue: "wait for it", run: "run beside it" };

/** What is made up for: "run once, at most 5 m late". */
export function missedWords(entry) {
  const words = { once: "run once", all: "run all", skip: "skip" };
  const text = t(`missed@${words[entry.if_missed]}`);
  return entry.at_most_late == null
    ? text
    : `${text}${t("list@, ")}${t("at most {time} late", { time: span(entry.at_most_late) })}`;
}
