/** Schedule: periodic jobs, and one of them below the list. */
import { span } from "../lib/format.js";
import { keepOrder, useHeld } from "../lib/hold.js";
import { html, useRef } from "../lib/html.js";
import { parts, t } from "../lib/i18n.js";
import { useKeys } from "../lib/keys.js";
import { useLive } from "../lib/live.js";
import { Link, navigate, url } from "../lib/router.js";
import { between, clock, minute, when, zone } from "../lib/time.js";
import { useScheduleActions } from "../schedule/actions.js";
import { editEntry } from "../schedule/form.js";
import { EntryPane } from "../schedule/pane.js";
import { lastWords, runMark, whenWords } from "../schedule/words.js";
import { Button } from "../ui/button.js";
import { Runs } from "../ui/figures.js";
import { Mark } from "../ui/mark.js";
import { TaskName } from "../ui/name.js";
import { Empty, Loaded } from "../ui/states.js";

const entryUrl = (name) => url(`/schedule/${encodeURIComponent(name)}`);

export function Schedule({ entry }) {
  const answer = useLive("schedule");
  const actions = useScheduleActions();
  const held = useHeld(answer.data, { why: null, key: "", countNewer: () => 0, merge: keepOrder("name") });
  return html`<${Loaded} answer=${{ ...answer, data: held.data }}>${(page) => {
    const chosen = entry ?? page.items[0]?.name;
    return html`
      <div class="page-head">
        <h1>${t("Schedule")}</h1><span class="ink2">${summary(page)}</span><span class="grow"></span>
        <${RunsLegend} />
        <${Button} disabled=${actions.why("edit")} onClick=${() => editEntry(null)}>${t("Add an entry...")}<//>
      </div>
      ${page.items.length
        ? html`<div ...${held.props}><${Table} page=${page} chosen=${chosen} actions=${actions} /></div>
            <${EntryPane} key=${chosen} name=${chosen} at=${page.at} />`
        : html`<${Empty} title=${t("No periodic job yet.")}>${t("Entries come from beat_schedule, or are added here.")}<//>`}`;
  }}<//>`;
}

function summary(page) {
  const entries = t("{n} {n|entry|entries}", { n: page.items.length });
  const times = t("times in {zone}", { zone: zone(page.at) });
  if (!page.leader) return `${entries}${t("list@, ")}${t("no scheduler leads")}${t("list@, ")}${times}`;
  const name = html`<b class="medium ink">${page.leader.name}</b>`;
  return page.leader.since
    ? parts("{entries}, leader {name} since {time}, {zone}", { entries, name, zone: times, time: span(between(page.leader.since, page.at)).split(" ")[0] })
    : parts("{entries}, leader {name}, {zone}", { entries, name, zone: times });
}

function RunsLegend() {
  return html`<span class="runs-legend ink2 small">
    <span><svg width="9" height="9" class="runs" aria-hidden="true"><rect class="body" width="9" height="9" /><rect class="edge" width="9" height="2" /></svg> ${t("succeeded, height is its time")}</span>
    <span><svg width="9" height="9" aria-hidden="true"><rect width="9" height="9" fill="var(--fill-failed)" /></svg> ${t("outcome@failed")}</span>
    <span><svg width="9" height="9" aria-hidden="true"><rect x="0.5" y="0.5" width="8" height="8" fill="none" stroke="var(--ink3)" /></svg> ${t("skipped")}</span>
  </span>`;
}

function Table({ page, chosen, actions }) {
  const rows = useRef(null);
  const current = () => document.activeElement?.closest?.(".schedule tbody tr");
  const move = (step) => {
    const all = [...rows.current.querySelectorAll("tr")];
    all[Math.min(Math.max(all.indexOf(current()) + step, 0), all.length - 1)]?.focus();
  };
  const onFocused = (act) => (event) => {
    const found = page.items.find((one) => one.name === current()?.dataset.key);
    return !found || (event.key === "Enter" && event.target.closest("a, button")) ? false : act(found);
  };
  useKeys({
    j: () => move(1), k: () => move(-1),
    ArrowDown: () => (current() ? move(1) : false), ArrowUp: () => (current() ? move(-1) : false),
    Enter: onFocused((one) => navigate(entryUrl(one.name), { keep: true })),
    p: onFocused((one) => actions.why(toggleOf(one)) ? false : actions.act(one, toggleOf(one))),
  });
  return html`<table class="schedule">
    <thead><tr>
      <th class="entry">${t("Entry")}</th><th class="when low">${t("When")}</th><th class="next sorted">${t("Next run")}</th>
      <th class="last">${t("Last run")}</th><th class="right low last-20">${t("Last 20, newest right")}</th>
      <th class="right low skips">${t("Skipped")}</th><th class="acts"><span class="visually-hidden">${t("Acts")}</span></th>
    </tr></thead>
    <tbody ref=${rows}>${page.items.map((one) => html`<${Row} key=${one.name} entry=${one} at=${page.at} chosen=${one.name === chosen} actions=${actions} />`)}</tbody>
  </table>`;
}

const toggleOf = (entry) => (entry.paused || !entry.enabled ? "resume" : "pause");

function Next({ entry, at }) {
  if (entry.paused || !entry.enabled) {
    const by = entry.paused?.by
      ? t("by {who}, {time} ago", { who: entry.paused.by, time: span(between(entry.paused.since, at)).split(" ")[0] }) : "";
    return html`<span class="ink2">${t("paused")}</span><small>${by}</small>`;
  }
  if (entry.late > 0) {
    return html`<b class="warn medium">${t("{time} late", { time: span(entry.late) })}</b>
      <small>${entry.next_at ? t("was due {time}", { time: clock(entry.next_at) }) : ""}</small>`;
  }
  if (!entry.next_at) return html`<span class="ink2">${t("never again")}</span>`;
  return html`<b class="medium">${t("in {time}", { time: span(Math.max(between(at, entry.next_at), 0)) })}</b><small>${when(entry.next_at, at)}</small>`;
}

function Last({ run, at }) {
  if (!run) return html`<span class="ink3">${t("not yet")}</span>`;
  const time = run.due_at ?? run.sent_at;
  const shown = when(time, at, { full: false });
  return html`<${Mark} of=${runMark(run)} alone /> <span>${shown || minute(time)}${t("list@, ")}<span class=${run.outcome === "failed" ? "danger" : "ink2"}>${lastWords(run)}</span></span>`;
}

function Row({ entry, at, chosen, actions }) {
  const open = (event) => event.target.closest("button, a") || navigate(entryUrl(entry.name), { keep: true });
  const toggle = toggleOf(entry);
  const edit = actions.why("edit") || (entry.editable ? "" : t("The program declares it; change it there"));
  return html`<tr class=${chosen ? "hoverable selected" : "hoverable"} tabindex="-1" data-key=${entry.name} onClick=${open}>
    <td class="entry"><${Link} class="plain medium" to=${entryUrl(entry.name)} aria-current=${chosen ? "true" : undefined}>${entry.name}<//><div class="small"><${TaskName} name=${entry.task} /></div></td>
    <td class=${entry.enabled && !entry.paused ? "when low" : "when low ink2"}>${whenWords(entry)}</td>
    <td class="next"><${Next} entry=${entry} at=${at} /></td>
    <td class="last">${html`<${Last} run=${entry.last} at=${at} />`}</td>
    <td class="right low"><${Runs} runs=${[...entry.runs].reverse().map((run) => ({ state: run.outcome, took: run.took }))} /></td>
    <td class=${entry.skipped ? "right low" : "right low zero"}>${entry.skipped}</td>
    <td class="acts"><span class="row-buttons">
      <${Button} kind="small" disabled=${actions.why("run")} onClick=${() => actions.act(entry, "run")}>${t("Run now")}<//>
      <${Button} kind="small" disabled=${actions.why(toggle)} onClick=${() => actions.act(entry, toggle)}>${toggle === "resume" ? t("Resume") : t("Pause")}<//>
      <${Button} kind="small" disabled=${edit} onClick=${() => editEntry(entry)}>${t("Edit")}<//>
    </span></td>
  </tr>`;
}
