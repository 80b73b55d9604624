/** The box on top: finds tasks by name or id, queues, workers and entries. */
import { get, query } from "../lib/api.js";
import { html, useEffect, useRef, useState } from "../lib/html.js";
import { t } from "../lib/i18n.js";
import { useKeys } from "../lib/keys.js";
import { navigate, url } from "../lib/router.js";

const kinds = {
  task: "Task",
  task_name: "Tasks named",
  queue: "Queue",
  worker: "Worker",
  schedule: "Entry",
};

/** URL of a link that the API gave, relative to the dashboard's root. */
export const rootUrl = (link) => url(link.startsWith("/") ? link : `/${link}`);

function useResults(text) {
  const [found, setFound] = useState(null);
  useEffect(() => {
    if (!text.trim()) return setFound(null);
    let wanted = true;
    const timer = setTimeout(async () => {
      const answer = await get(query("search", { q: text.trim() })).catch(() => null);
      if (wanted) setFound(answer?.items ?? null);
    }, 120);
    return () => {
      wanted = false;
      clearTimeout(timer);
    };
  }, [text]);
  return found;
}

export function Search() {
  const [text, setText] = useState("");
  const [open, setOpen] = useState(false);
  const [sheet, setSheet] = useState(false);
  const [chosen, setChosen] = useState(0);
  const input = useRef(null);
  const found = useResults(text);
  const focus = () => {
    setSheet(true);
    setTimeout(() => input.current?.focus());
  };
  useKeys({ "/": focus });
  const leave = () => {
    setOpen(false);
    setSheet(false);
  };
  const go = (item) => {
    leave();
    setText("");
    input.current?.blur();
    navigate(item ? rootUrl(item.link) : url("/tasks", { filter: text.trim() }));
  };
  const key = (event) => {
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (step && found?.length) {
      event.preventDefault();
      setChosen((chosen + step + found.length) % found.length);
    } else if (event.key === "Enter" && text.trim()) {
      event.preventDefault();
      go(found?.[chosen]);
    } else if (event.key === "Escape") {
      leave();
      input.current.blur();
    }
  };
  const shown = open && text.trim() && found;
  return html`<div class=${sheet ? "search open" : "search"} role="search">
    <button type="button" class="button find" onClick=${focus}>${t("Find")}</button>
    <input
      ref=${input} class="field" type="text" role="combobox" aria-autocomplete="list"
      aria-expanded=${shown ? "true" : "false"} aria-controls="search-results"
      aria-activedescendant=${shown && found[chosen] ? `search-result-${chosen}` : undefined}
      aria-label=${t("Task, id, queue")} placeholder=${t("Task, id, queue")} value=${text}
      autocomplete="off" spellcheck="false" maxlength="200"
      onInput=${(event) => (setText(event.target.value), setChosen(0), setOpen(true))}
      onFocus=${() => setOpen(true)} onBlur=${leave} onKeyDown=${key}
    /><kbd aria-hidden="true">/</kbd>
    ${shown
      ? html`<ul class="popover results" id="search-results" role="listbox" aria-label=${t("Found")}>
          ${found.length
            ? found.map(
                (item, at) => html`<li
                  id=${`search-result-${at}`} role="option" aria-selected=${String(at === chosen)}
                  class=${at === chosen ? "chosen" : ""}
                  onPointerDown=${(event) => (event.preventDefault(), go(item))}
                ><span class="ink3">${t(kinds[item.kind])}</span> <code>${item.name}</code></li>`,
              )
            : html`<li role="option" aria-selected="false" class="ink3">
                ${t("Nothing found. Enter looks in the arguments of tasks.")}
              </li>`}
        </ul>`
      : null}
  </div>`;
}
