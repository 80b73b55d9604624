/** Adding and editing an entry; what the schedule means is shown while it is written. */
import { post, put, segment } from "../lib/api.js";
import { html, useEffect, useState } from "../lib/html.js";
import { t } from "../lib/i18n.js";
import { refreshAll } from "../lib/live.js";
import { when } from "../lib/time.js";
import { openDialog, Question } from "../ui/dialog.js";
import { notify } from "../ui/notice.js";

const kinds = [
  ["crontab", "Crontab", "*/15 9-14 * * mon-fri"],
  ["every", "Every so many seconds", "300"],
  ["rrule", "RRULE", "FREQ=MONTHLY;BYMONTHDAY=-1;BYHOUR=22;BYMINUTE=0"],
  ["at", "Once, at", "2026-12-01T22:00:00"],
];

function scheduleOf({ kind, text, timezone }) {
  if (kind === "every") return { kind, seconds: Number(text) };
  return { kind, expression: text, ...(timezone ? { timezone } : {}) };
}

function usePreview(form) {
  const [preview, setPreview] = useState({});
  useEffect(() => {
    if (!form.text) return setPreview({});
    let wanted = true;
    const timer = setTimeout(async () => {
      try {
        const found = await post("schedule/preview", scheduleOf(form));
        if (wanted) setPreview({ found });
      } catch (error) {
        if (wanted) setPreview({ error: error.message });
      }
    }, 250);
    return () => {
      wanted = false;
      clearTimeout(timer);
    };
  }, [form.kind, form.text, form.timezone]);
  return preview;
}

function parsed(text, fallback) {
  try {
    return { value: text.trim() ? JSON.parse(text) : fallback };
  } catch (error) {
    return { error: t("Not JSON: {detail}", { detail: error.message }) };
  }
}

function start(entry) {
  const schedule = entry?.schedule ?? { kind: "crontab" };
  return {
    name: entry?.name ?? "", task: entry?.task ?? "", kind: schedule.kind,
    text: schedule.kind === "every" ? String(schedule.seconds ?? "") : (schedule.expression ?? ""),
    timezone: schedule.timezone ?? "", queue: entry?.queue ?? "",
    args: JSON.stringify(entry?.args ?? []), kwargs: JSON.stringify(entry?.kwargs ?? {}),
    ifRunning: entry?.if_running ?? "skip", ifMissed: entry?.if_missed ?? "once",
  };
}

function Form({ entry, close }) {
  const [form, setForm] = useState(() => start(entry));
  const preview = usePreview(form);
  const set = (name) => (event) => setForm({ ...form, [name]: event.target.value });
  const args = parsed(form.args, []);
  const kwargs = parsed(form.kwargs, {});
  const wrong = !form.name ? t("Name the entry") : !form.task ? t("Name the task")
    : !form.text ? t("Say when it runs") : (args.error ?? kwargs.error ?? preview.error ?? "");
  const save = async () => {
    await put(`schedule/${segment(form.name)}`, {
      task: form.task, schedule: scheduleOf(form), args: args.value, kwargs: kwargs.value,
      queue: form.queue || null, priority: entry?.priority ?? null, enabled: entry?.enabled ?? true,
      if_running: form.ifRunning, if_missed: form.ifMissed, at_most_late: entry?.at_most_late ?? null,
    });
    notify(t("{entry} is saved.", { entry: form.name }));
    refreshAll();
  };
  const field = (name, label, more = {}) => html`<label for=${`entry-${name}`}>${t(label)}</label>
    <input id=${`entry-${name}`} class="field" value=${form[name]} onInput=${set(name)} autocomplete="off" spellcheck="false" ...${more} />`;
  const choice = (name, label, options) => html`<label for=${`entry-${name}`}>${t(label)}</label>
    <select id=${`entry-${name}`} class="field" value=${form[name]} onChange=${set(name)}>
      ${options.map(([value, text]) => html`<option value=${value} selected=${form[name] === value}>${t(text)}</option>`)}
    </select>`;
  return html`<${Question}
    title=${entry ? t("Edit {entry}", { entry: entry.name }) : t("Add an entry")} act=${t("Save")}
    disabled=${wrong} onAct=${save} close=${close}
  >
    <div class="form">
      ${field("name", "Entry", entry ? { readonly: true } : {})} ${field("task", "Task")}
      ${choice("kind", "Kind", kinds)}
      ${field("text", "When", { placeholder: kinds.find(([kind]) => kind === form.kind)?.[2] })}
      ${form.kind === "every" ? null : field("timezone", "Time zone", { placeholder: t("the app's") })}
      ${field("args", "Positional", { class: "field mono" })} ${field("kwargs", "Named", { class: "field mono" })}
      ${field("queue", "Queue")}
      ${choice("ifRunning", "If one still runs", [["skip", "running@skip"], ["queue", "running@wait for it"], ["run", "running@run beside it"]])}
      ${choice("ifMissed", "If missed", [["once", "missed@run once"], ["all", "missed@run all"], ["skip", "missed@skip"]])}
      <p class="wide preview" role="status">${preview.error
        ? html`<span class="form-error">${preview.error}</span>`
        : preview.found
          ? html`<b>${preview.found.words}</b> <span class="ink2">${preview.found.next_runs.slice(0, 3).map((at) => when(at, Date.now() / 1000)).join(t("list@, "))}</span>`
          : ""}</p>
    </div>
  <//>`;
}

export function editEntry(entry) {
  openDialog((close) => html`<${Form} entry=${entry} close=${close} />`);
}
