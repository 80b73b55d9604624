/** Health strip: what needs somebody first, then what is well. */
import { html } from "../lib/html.js";
import { t } from "../lib/i18n.js";
import { bytesOf, span } from "../lib/format.js";
import { Link } from "../lib/router.js";
import { clock, zone } from "../lib/time.js";
import { Mark } from "./mark.js";
import { rootUrl } from "./search.js";

const labels = {
  store_memory: "Store memory",
  unserved_queue: "Unserved queue",
  late_schedule: "Late schedule",
  no_leader: "No scheduler leads",
  leader: "Leader",
  append_only_file: "Append-only file",
  late_leases: "Late leases",
  dead_letters: "Dead letters",
  no_worker: "No worker",
  paused_queue: "Paused queue",
  store_version: "Store version",
};

const marks = { ok: "check", warn: "warning", fail: "failed" };

/** Sentence of an item from its figures; what has none stays as the API words it. */
function sentence({ id, text, values }) {
  const v = values ?? {};
  if (id === "store_memory" && v.used != null && v.limit) {
    const percent = `${Math.round((100 * v.used) / v.limit)}%`;
    return t("{used}, {percent}", { used: bytesOf(v.used, v.limit), percent });
  }
  if (["unserved_queue", "paused_queue"].includes(id) && v.queue && v.waiting != null) {
    return t("{queue}, {n} waiting", { queue: v.queue, n: v.waiting });
  }
  if (id === "late_schedule" && v.entry) {
    return t("{entry}, {time}", { entry: v.entry, time: span(v.late) });
  }
  if (id === "append_only_file" && v.on != null) return v.on ? t("on") : t("off");
  if (id === "late_leases" && v.workers) {
    return t("{part} of {whole}", { part: v.count, whole: v.workers });
  }
  if (id === "no_leader" && v.entries) {
    return t("{n} {n|entry|entries}, nobody sends them", { n: v.entries });
  }
  return id === "no_worker" ? "" : text;
}

function Item({ item }) {
  const text = sentence(item);
  const quiet = item.level === "ok";
  const none = item.id === "late_leases" && quiet;
  const label = none ? t("No late lease") : t(labels[item.id] ?? item.id);
  const content = html`<${Mark} of=${marks[item.level]} />
    <span>${label}</span> ${none ? null : html`<b>${text}</b>`}`;
  return html`<li class=${`health-item ${item.level}`}>
    ${item.link && !quiet ? html`<${Link} to=${rootUrl(item.link)}>${content}<//>` : content}
  </li>`;
}

export function HealthStrip({ items, at }) {
  return html`<div class="health-strip">
    <ul aria-label=${t("Health")}>${items.map((item) => html`<${Item} item=${item} />`)}</ul>
    <span class="grow"></span>
    <time class="ink2" datetime=${at}>${t("{time}, {zone}", { time: clock(at), zone: zone(at) })}</time>
  </div>`;
}
