/** Facts about a task in one line. */
import { count, duration, span, wait } from "../lib/format.js";
import { html } from "../lib/html.js";
import { t } from "../lib/i18n.js";
import { Link, queueUrl } from "../lib/router.js";
import { between, clock, clockExact, when } from "../lib/time.js";
import { stateWord } from "../ui/mark.js";
import { tries } from "../tasks/row.js";

function Fact({ name, kind = "", children }) {
  return html`<div><dt>${name}</dt><dd class=${kind}>${children}</dd></div>`;
}

function waited({ waits, row }) {
  const first = waits.first ?? row.waited;
  if (first == null) return null;
  return waits.between
    ? t("{first}, then {between} between tries", { first: duration(first), between: duration(waits.between) })
    : duration(first);
}

function ran({ runs, row }) {
  const last = runs.last ?? row.ran;
  if (last == null) return null;
  return runs.total != null && row.tries > 1
    ? t("{last} last, {total} in all", { last: duration(last, { digits: 2 }), total: duration(runs.total, { pad: true }) })
    : duration(last, { digits: 2 });
}

const stampText = (stamps) =>
  Object.entries(stamps)
    .map(([key, value]) => `${key}=${Array.isArray(value) ? value.join(",") : value}`)
    .join(" ");

/** Worker and process: "quant@prod-b-2, process 2". */
function workerText({ row, process }) {
  if (!row.worker) return null;
  return process?.number == null ? row.worker : t("{worker}, process {n}", { worker: row.worker, n: process.number });
}

export function Facts({ task }) {
  const { row, at } = task;
  const waits = row.state === "waiting";
  const left = task.expires_at ? between(at, task.expires_at) : null;
  const ends = row.ended_at && `${clockExact(row.ended_at)}${t("list@, ")}${t("{time} ago", { time: span(between(row.ended_at, at)) })}`;
  const facts = [
    ["State", stateWord(row.state), `is-${row.state}`],
    ["Queue", row.queue && html`<${Link} to=${queueUrl(row.queue)}>${row.queue}<//>`],
    ["Priority", row.priority == null ? null : count(row.priority)],
    ["Tries", tries(row) || t("none yet")],
    waits
      ? ["Waits", wait(row.waited), row.waited > 60 ? "warn" : ""]
      : ["Waited", waited(task)],
    ["Ran", ran(task)],
    ["Sent", !row.ended_at && row.sent_at ? clockExact(row.sent_at) : null],
    ["Due", ["delayed", "retrying"].includes(row.state) && row.due_at
      ? `${when(row.due_at, at)}${t("list@, ")}${t("in {time}", { time: span(Math.max(between(at, row.due_at), 0)) })}` : null],
    ["Rate limited", row.rate_limited_until
      ? t("until {clock}, for {time}", { clock: clock(row.rate_limited_until), time: span(Math.max(between(at, row.rate_limited_until), 0)) }) : null],
    ["Expires", left != null && left > 0 && !row.ended_at
      ? `${clock(task.expires_at)}${t("list@, ")}${t("in {time}", { time: span(left).split(" ")[0] })}` : null],
    ["Ended", ends],
    ["Worker", workerText(task)],
    ["Stamps", Object.keys(task.stamps).length ? html`<code>${stampText(task.stamps)}</code>` : waits ? t("none") : null],
  ];
  return html`<dl class="facts">
    ${facts.filter(([, value]) => value != null && value !== "").map(([name, value, kind]) => html`<${Fact}
      key=${name} name=${t(name)} kind=${kind}
    >${value}<//>`)}
  </dl>`;
}
