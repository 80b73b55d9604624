/** One entry: its runs, and how it is set up. */
import { segment } from "../lib/api.js";
import { duration, span } from "../lib/format.js";
import { html } from "../lib/html.js";
import { t } from "../lib/i18n.js";
import { useLive } from "../lib/live.js";
import { useSession } from "../lib/session.js";
import { clock, clockExact, day, when } from "../lib/time.js";
import { TextButton } from "../ui/button.js";
import { Mark } from "../ui/mark.js";
import { TaskLink } from "../ui/name.js";
import { Loaded } from "../ui/states.js";
import { useScheduleActions } from "./actions.js";
import { editEntry } from "./form.js";
import { ifRunning, missedWords, outcomeWords, runMark } from "./words.js";

function NoRuns() {
  const { features } = useSession();
  return html`<p class="ink2">${features.runs ? t("It has not run yet.") : t("This store keeps no runs.")}</p>`;
}

export function EntryPane({ name, at }) {
  const answer = useLive(`schedule/${segment(name)}`);
  return html`<section class="pane schedule-pane" aria-label=${name}><${Loaded} answer=${answer}>${(entry) => html`
    <div class="pane-left"><${Runs} entry=${entry} /></div>
    <div class="pane-right"><${Entry} entry=${entry} at=${at} /></div>`}<//></section>`;
}

function Runs({ entry }) {
  const runs = [...entry.runs].reverse();
  return html`
    <div class="section-head"><h1>${entry.name}</h1><span class="ink2">${t("runs, newest first")}</span>
      <span class="grow"></span>${runs.length ? html`<span class="ink2 small">${t("{n} {n|run|runs} kept", { n: runs.length })}</span>` : null}</div>
    ${runs.length
      ? html`<table class="entry-runs">
          <thead><tr><th>${t("Due")}</th><th class="right">${t("Late")}</th><th>${t("Outcome")}</th><th class="right">${t("Took")}</th><th>${t("Id")}</th></tr></thead>
          <tbody>${runs.map((run) => html`<${Run} run=${run} />`)}</tbody>
        </table>`
      : html`<${NoRuns} />`}`;
}

function Run({ run }) {
  const skipped = run.outcome === "skipped";
  const took = run.took == null ? "" : run.outcome === "running" || run.outcome === "retrying"
    ? t("{time} so far", { time: duration(run.took, { pad: true }) }) : duration(run.took, { pad: true });
  return html`<tr>
    <td class="ink2">${skipped ? clock(run.due_at) : clockExact(run.sent_at ?? run.due_at)}</td>
    <td class="right ink2">${run.late == null || skipped ? "" : `+${duration(run.late)}`}</td>
    <td class=${run.outcome === "failed" ? "danger nowrap" : "nowrap"}><${Mark} of=${runMark(run)} /> ${outcomeWords(run)}</td>
    <td class="right ink2">${skipped ? (run.reason ?? "") : took}</td>
    <td>${run.task_id ? html`<${TaskLink} id=${run.task_id} />` : null}</td>
  </tr>`;
}

function Entry({ entry, at }) {
  const actions = useScheduleActions();
  const { schedule } = entry;
  const names = { crontab: "Crontab", every: "Every", rrule: "RRULE", at: "Once, at", solar: "Solar" };
  const text = schedule.kind === "every" ? span(schedule.seconds)
    : schedule.kind === "solar" ? `${schedule.event} ${schedule.latitude}, ${schedule.longitude}` : schedule.expression;
  const pairs = [
    [names[schedule.kind], html`<code>${text}</code>${schedule.timezone ? `${t("list@, ")}${schedule.timezone}` : ""}`],
    ["Next three", entry.next_runs.length ? entry.next_runs.map((one) => when(one, at)).join(t("list@, ")) : t("none")],
    ["Arguments", entry.arguments == null ? t("hidden") : html`<code>${entry.arguments || t("none")}</code>`],
    ["Queue", entry.queue == null ? null : entry.priority == null ? entry.queue : t("{queue}, priority {n}", { queue: entry.queue, n: entry.priority })],
    ["If one still runs", t(`running@${ifRunning[entry.if_running]}`)],
    ["If missed", missedWords(entry)],
    ["Added", entry.added_at ? t("{day}, by {who}", { day: day(entry.added_at, "iso"), who: entry.added_by ?? t("the program") }) : t(entry.source)],
  ];
  const why = actions.why("edit") || (entry.editable ? "" : t("The program declares it; change it there"));
  return html`
    <div class="section-head"><h2>${t("Entry")}</h2><span class="grow"></span>
      <${TextButton} disabled=${why} onClick=${() => editEntry(entry)}>${t("Edit")}<//>
      ${entry.editable ? html`<${TextButton} disabled=${actions.why("delete")} onClick=${() => actions.remove(entry)}>${t("Delete...")}<//>` : null}</div>
    <dl class="pairs">${pairs.filter(([, value]) => value != null && value !== "").map(([name, value]) => html`<dt>${t(name)}</dt><dd>${value}</dd>`)}</dl>`;
}
