/** What may stand next in the filter, told by the API. */
import { get, query } from "../lib/api.js";
import { count } from "../lib/format.js";
import { html, useEffect, useState } from "../lib/html.js";
import { parts, t } from "../lib/i18n.js";

const headings = {
  queue: "Queues, with tasks that match the rest",
  task: "Tasks, with how many match the rest",
  state: "States, with tasks that match the rest",
  error: "Errors, with tasks that match the rest",
  worker: "Workers, with tasks that match the rest",
};

/** Suggestions for the condition being written, or null. */
export function useSuggestions(resource, text, filter) {
  const [found, setFound] = useState(null);
  useEffect(() => {
    if (!resource) return setFound(null);
    let wanted = true;
    const timer = setTimeout(async () => {
      const path = query(`${resource}/suggestions`, { text, filter });
      const answer = await get(path).catch(() => null);
      if (wanted) setFound(answer);
    }, 80);
    return () => {
      wanted = false;
      clearTimeout(timer);
    };
  }, [resource, text, filter]);
  return found;
}

/** Note of a suggestion: "served by 2 workers", "empty". */
function noteText(note) {
  if (note == null) return "";
  if (typeof note === "string") return note;
  if (note.workers) return t("served by {n} {n|worker|workers}", { n: note.workers });
  return note.empty || note.workers === 0 ? t("empty") : "";
}

export function SuggestionList({ found, chosen, onChoose }) {
  const choose = (item) => (event) => {
    event.preventDefault();
    onChoose(item);
  };
  return html`<div class="popover suggestions">
    <div id="filter-suggestions" role="listbox" aria-label=${t("Suggestions")}>
      ${found.values.length
        ? html`<div class="heading" role="presentation">${t(headings[found.key] ?? "Values")}</div>`
        : null}
      ${found.values.map((item, at) => html`<div
        id=${`suggestion-${at}`} role="option" aria-selected=${String(at === chosen)}
        class=${at === chosen ? "chosen" : ""} onPointerDown=${choose(item)}
      ><code>${item.text}</code><span class="ink2">${noteText(item.note)}</span>
        <span class="grow"></span><span class="ink2">${count(item.count)}</span></div>`)}
      ${found.keys.length
        ? html`<div class="heading" role="presentation">${found.values.length ? t("Also") : t("Conditions")}</div>`
        : null}
      ${found.keys.map((item) => html`<div
        role="option" aria-selected="false" onPointerDown=${choose({ key: item.key.split(" ")[0] })}
      ><code>${item.key}</code><span class="ink2">${t(item.example)}</span></div>`)}
    </div>
    <div class="hints" aria-hidden="true">
      <span><kbd>Tab</kbd> ${t("completes")}</span><span><kbd>Enter</kbd> ${t("adds")}</span>
      <span><kbd>Backspace</kbd> ${t("edits the last")}</span>
      <span>${parts("{code} excludes", { code: html`<code>-queue:</code>` })}</span>
    </div>
  </div>`;
}
