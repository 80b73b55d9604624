/** Why a task waits: a verdict, an estimate, all checks, its place, and what comes before it. */
import { count, span, wait } from "../lib/format.js";
import { html } from "../lib/html.js";
import { language, parts, t } from "../lib/i18n.js";
import { Link, taskUrl, url } from "../lib/router.js";
import { clock } from "../lib/time.js";
import { TextButton } from "../ui/button.js";
import { Mark } from "../ui/mark.js";
import { TaskId, TaskName } from "../ui/name.js";
import { rootUrl } from "../ui/search.js";
import { Excerpt } from "../tasks/row.js";
import { checkInChinese, verdictInChinese } from "./why-zh.js";

const names = {
  workers: "Workers of its queue",
  pause: "Pause",
  due: "Due time",
  expiry: "Expiry, revocation",
  rate_limit: "Rate limit of its task",
  position: "Position in the queue",
  threads: "Free threads",
};

const marks = { passed: "check", decides: "cross", also: "also", none: "none" };
const links = { "/workers": "Workers", "/limits": "Limits", "/schedule": "Schedule" };

function linkName(link) {
  if (link.startsWith("/queues")) return t("Queue");
  return t(links[link.replace(/[?#].*$/, "")] ?? "Show");
}

function Check({ check }) {
  const text = language() === "zh" ? checkInChinese(check) : check.text;
  return html`<tr class=${check.result === "decides" ? "decides" : `is-${check.result}`}>
    <td class="mark-cell"><${Mark} of=${marks[check.result]} /><span class="visually-hidden">${t(`check@${check.result}`)}</span></td>
    <td class="check-name">${t(names[check.id])}</td>
    <td>${text}</td>
    <td class="right ink3">${check.result === "decides" ? t("decides") : check.result === "also" ? t("also true") : ""}</td>
    <td class="right">${check.link ? html`<${Link} to=${rootUrl(check.link)}>${linkName(check.link)}<//>` : null}</td>
  </tr>`;
}

/** First sentence of a text, and the rest. */
function sentences(text) {
  const end = text.search(/[.。]\s|[.。]$/);
  return end < 0 ? [text, ""] : [text.slice(0, end + 1), text.slice(end + 1)];
}

function Verdict({ analysis }) {
  const text = language() === "zh" ? verdictInChinese(analysis.verdict) : analysis.verdict.text;
  const [first, rest] = sentences(text);
  const { estimate, more_workers_help: help } = analysis;
  const more = help == null ? "" : help ? t("More workers would start it sooner.") : t("More workers would not change that.");
  return html`<p class="verdict"><b>${first}</b>${rest}</p>
    ${estimate
      ? html`<p class="ink2">${parts("At this rate it starts in about {time}, near {clock}.", {
          time: html`<b class="medium ink">${span(estimate.seconds)}</b>`, clock: clock(estimate.at),
        })} ${more}</p>`
      : more ? html`<p class="ink2">${more}</p>` : null}`;
}

const bars = ["--p99", "--p50", "--queue2", "--queue3"];

function Place({ place, queue }) {
  if (!place) return null;
  const segments = place.before.map((one, at) => ({ n: one.count, color: bars[Math.min(at, 3)], text:
    at === place.before.length - 1
      ? t("{n} of priority {priority}, sent earlier", { n: one.count, priority: one.priority })
      : t("{n} of priority {priority}", { n: one.count, priority: one.priority }) }));
  const part = (n, color) => html`<i style=${{ flexGrow: n, background: `var(${color})` }}></i>`;
  return html`<section>
    <div class="section-head"><h2>${t("Its place in {queue}", { queue })}</h2>
      <span class="note">${t("{place} of {n} ready", { place: ordinal(place.place), n: place.ready })}</span></div>
    <div class="place-bar" aria-hidden="true">
      ${segments.map((one) => part(one.n, one.color))}<b></b>${place.after ? part(place.after, "--free") : null}
    </div>
    <ul class="legend place-legend">
      ${segments.map((one) => html`<li><span class="swatch" style=${{ background: `var(${one.color})` }}></span>${one.text}</li>`)}
      <li><span class="swatch" style=${{ background: "var(--ink)" }}></span>${t("this task")}</li>
      <li><span class="swatch" style=${{ background: "var(--free)" }}></span>${t("{n} after it", { n: place.after })}</li>
    </ul>
  </section>`;
}

/** "227th", in Chinese "第 227". */
function ordinal(n) {
  if (language() === "zh") return `第 ${count(n)}`;
  const tail = n % 100 > 10 && n % 100 < 14 ? "th" : ({ 1: "st", 2: "nd", 3: "rd" }[n % 10] ?? "th");
  return `${count(n)}${tail}`;
}

/** Tasks in the order in which they start. */
export function PlacedTasks({ items, marked, waits = true }) {
  return html`<table class="placed">
    <thead><tr>
      <th class="right place">${t("Place")}</th><th>${t("Task")}</th><th class="id">${t("Id")}</th>
      <th class="low">${t("Arguments")}</th><th class="right prio low">${t("Priority")}</th>
      ${waits ? html`<th class="right waits">${t("Waits")}</th>` : null}
    </tr></thead>
    <tbody>${items.map(({ place, row }) => html`<tr key=${row.key}>
      <td class="right ink2">${count(place)}</td>
      <td><div class="placed-name">${marked ? html`<${Mark} of=${row.state} alone />` : null}<${Link} class="plain" to=${taskUrl(row.id)}><${TaskName} name=${row.task} /><//></div></td>
      <td><${TaskId} id=${row.id} /></td>
      <td class="low ink2 cut"><${Excerpt} text=${row.arguments} /></td>
      <td class="right ink2 low">${row.priority}</td>
      ${waits ? html`<td class="right ink2">${wait(row.waited)}</td>` : null}
    </tr>`)}</tbody>
  </table>`;
}

export function WhyItWaits({ task, onAgain }) {
  const { wait: analysis, row } = task;
  const before = analysis.place ? analysis.place.place - 1 : 0;
  return html`<section class="why-it-waits">
    <div class="section-head">
      <h2 class="title">${t("Why does it wait?")}</h2><span class="grow"></span>
      <span class="ink3 small">${t("checked {time}", { time: clock(analysis.checked_at) })}</span>
      <${TextButton} onClick=${onAgain}>${t("Check again")}<//>
    </div>
    <${Verdict} analysis=${analysis} />
    <table class="checks"><tbody>${analysis.checks.map((check) => html`<${Check} check=${check} />`)}</tbody></table>
    <${Place} place=${analysis.place} queue=${row.queue} />
    ${analysis.next.length
      ? html`<section>
          <div class="section-head"><h2>${t("Before it, next to start")}</h2><span class="grow"></span>
            <${Link} to=${url("/tasks", { filter: `queue:${row.queue} state:waiting`, sort: "sent", order: "asc" })}>${t("All {n}", { n: before })}<//></div>
          <${PlacedTasks} items=${analysis.next} />
        </section>`
      : null}
  </section>`;
}
