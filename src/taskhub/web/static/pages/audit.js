/** Audit log: who did what to how many, when. */
import { apiUrl, query } from "../lib/api.js";
import { count, shortId, span, splitName } from "../lib/format.js";
import { html } from "../lib/html.js";
import { language, t } from "../lib/i18n.js";
import { useLive } from "../lib/live.js";
import { Link, setParams, taskUrl } from "../lib/router.js";
import { useSession } from "../lib/session.js";
import { clock, day, dayHeading, zone } from "../lib/time.js";
import { FilterField } from "../tasks/filter-field.js";
import { Button } from "../ui/button.js";
import { PageFoot } from "../ui/page-foot.js";
import { Empty, Loaded } from "../ui/states.js";

const did = {
  "tasks.retry": "Retried", "tasks.edit": "Retried", "tasks.revoke": "Revoked", "tasks.terminate": "Terminated",
  "tasks.delete": "Deleted", "queues.pause": "Paused queue", "queues.resume": "Resumed queue", "queues.purge": "Purged queue",
  "queues.forget": "Forgot queue", "workers.drain": "Drained worker", "workers.resume": "Resumed worker",
  "workers.stop": "Stopped worker", "workers.grow": "Grew worker", "workers.shrink": "Shrank worker",
  "workers.add_queue": "Added queue", "workers.cancel_queue": "Cancelled queue", "workers.replace": "Replaced processes",
  "schedule.run": "Ran entry", "schedule.pause": "Paused schedule", "schedule.resume": "Resumed schedule",
  "schedule.edit": "Edited schedule", "schedule.delete": "Deleted entry", "limits.change": "Changed rate",
  "jobs.stop": "Stopped job", "session.refused": "Login refused", "session.begin": "Signed in", "session.end": "Signed out",
  "settings.change": "Changed setting", denied: "Denied",
};

const sources = { dashboard: "dashboard", api: "API token", command_line: "command line", program: "program", scheduler: "scheduler" };
const columns = 7;

export function Audit({ params }) {
  const filter = params.filter ?? "";
  const { features } = useSession();
  const answer = useLive(query("audit", { filter, cursor: params.cursor }));
  const change = (next) => setParams({ filter: next, cursor: null });
  return html`<${Loaded} answer=${answer}>${(page) => html`
    <div class="page-head audit-head"><h1>${t("Audit log")}</h1><span class="ink2">${summary(page)}</span></div>
    <div class="filter-row audit-filter">
      <${FilterField} filter=${filter} onChange=${change} example="by:oncall did:retried on:quant since:7d" suggest=${null} />
      <a class="button" href=${apiUrl(query("audit/export", { filter, format: "csv" }))} download>${t("Export")}</a>
    </div>
    ${answer.error?.code === "bad_filter" ? html`<p class="filter-error" role="alert">${answer.error.message}</p>` : null}
    ${page.items.length
      ? html`<table class="audit">
          <thead><tr><th class="time">${t("Time")}</th><th class="who">${t("Who")}</th><th class="did">${t("Did")}</th><th>${t("To what")}</th><th class="how low">${t("How")}</th><th class="right tasks-column">${t("Tasks")}</th><th class="from low">${t("From")}</th></tr></thead>
          ${byDay(page.items).map(([, entries]) => html`<tbody>
            <tr class="day-row"><td colspan=${columns}>${dayHeading(entries[0].at, page.at)}</td></tr>
            ${entries.map((entry) => html`<${Entry} key=${entry.id} entry=${entry} />`)}
          </tbody>`)}
        </table>`
      : html`<${Empty}
          title=${filter ? t("No entry matches.") : t("Nothing was done yet.")}
          buttons=${filter ? html`<${Button} onClick=${() => change("")}>${t("Clear the filter")}<//>` : null}
        >${filter ? "" : !features.audit ? t("This store keeps no audit log.") : t("What people and programs change by the dashboard, the API or the command line stands here.")}<//>`}
    <${PageFoot} page=${page} right=${html`<span>${t("times in {zone}", { zone: zone(page.at) })}</span>`}>
      <span>${t("{n} of {total}", { n: page.items.length, total: page.matched ?? page.total })}</span>
    <//>`}<//>`;
}

function summary(page) {
  const kept = [
    page.expires == null ? "" : t("kept {time}", { time: days(page.expires) }),
    page.limit == null ? "" : t("at most {n}", { n: page.limit }),
  ].filter(Boolean);
  const first = t("{n} {n|entry|entries} of {total}", { n: page.items.length, total: page.total });
  return `${[first, ...kept].join(t("list@, "))}${t("list@.")}`;
}

const days = (seconds) => (seconds % 86400 === 0 ? t("{n} {n|day|days}", { n: seconds / 86400 }) : span(seconds));

function byDay(items) {
  const found = new Map();
  for (const entry of items) {
    const key = day(entry.at, "iso");
    found.set(key, [...(found.get(key) ?? []), entry]);
  }
  return [...found];
}

function Subject({ subject }) {
  if (subject.kind === "task") {
    return html`<${Link} class="mono" to=${taskUrl(subject.name)}>${shortId(subject.name)}<//> ${splitName(subject.task)[1]}`;
  }
  if (subject.kind === "tasks") return html`<code title=${subject.name}>${subject.name}</code>`;
  return subject.name;
}

function tasksText({ done, matched }) {
  if (done == null) return "";
  return matched == null ? count(done) : t("{part} of {whole}", { part: done, whole: matched });
}

function Entry({ entry }) {
  const word = t(entry.denied && did[entry.action] && !/refused|denied/.test(entry.action) ? "Denied" : (did[entry.action] ?? entry.action));
  const bad = entry.denied || /refused|denied/.test(entry.action);
  const how = language() === "zh" ? (entry.how && t(entry.how)) : entry.how;
  return html`<tr class="hoverable">
    <td class="time ink2"><time datetime=${entry.at}>${clock(entry.at)}</time></td>
    <td class="who medium">${entry.who}</td>
    <td class=${bad ? "did danger" : "did medium"}>${word}</td>
    <td class="to-what cut"><${Subject} subject=${entry.subject} /></td>
    <td class="how low ink2 cut" title=${how}>${how}</td>
    <td class="right tasks-column">${tasksText(entry)}</td>
    <td class="from low ink2">${t(`source@${sources[entry.source] ?? entry.source}`)}<span class="address">${entry.address}</span></td>
  </tr>`;
}
