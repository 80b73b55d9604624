/** Field of the filter: conditions as tokens, and the one that is being written. */
import { splitCondition, splitFilter } from "../lib/filter.js";
import { html, useEffect, useRef, useState } from "../lib/html.js";
import { t } from "../lib/i18n.js";
import { useKeys } from "../lib/keys.js";
import { SuggestionList, useSuggestions } from "./suggestions.js";

/** A condition as a token. */
export function Token({ text, onRemove }) {
  const [key, value] = splitCondition(text);
  return html`<span class=${key === "state:" ? "token of-state" : "token"} title=${text}>
    <span class="text">${key}<b>${value}</b></span>
    ${onRemove
      ? html`<button type="button" onClick=${onRemove} aria-label=${t("Drop {condition}", { condition: text })}>×</button>`
      : null}
  </span>`;
}

export function FilterField({ filter, onChange, example, suggest = "tasks", label }) {
  const [text, setText] = useState("");
  const [focused, setFocused] = useState(false);
  const [chosen, setChosen] = useState(0);
  const [sheet, setSheet] = useState(false);
  const input = useRef(null);
  const conditions = splitFilter(filter);
  const found = useSuggestions(suggest && focused ? suggest : null, text, filter);
  const values = found?.values ?? [];
  const complete = values[chosen]?.text ?? null;
  const ghost = complete?.startsWith(text) && text ? complete.slice(text.length) : "";
  useKeys({ f: () => input.current.focus() });
  useEffect(() => setChosen(0), [text]);
  const add = (condition) => {
    const whole = condition.trim();
    setText("");
    if (whole) onChange([...conditions, whole].join(" "));
  };
  const remove = (at) => onChange(conditions.filter((_, place) => place !== at).join(" "));
  const choose = (item) => {
    if (item.key) {
      setText(item.key);
      input.current.focus();
    } else add(item.text);
  };
  const key = (event) => {
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (step && values.length) {
      event.preventDefault();
      setChosen((chosen + step + values.length) % values.length);
    } else if (event.key === "Tab" && !event.shiftKey && text && complete && complete !== text) {
      event.preventDefault();
      setText(complete);
    } else if (event.key === "Enter") {
      event.preventDefault();
      add(text);
    } else if (event.key === "Backspace" && !text && conditions.length) {
      event.preventDefault();
      setText(conditions.at(-1));
      remove(conditions.length - 1);
    } else if (event.key === "Escape") {
      if (text) setText("");
      else input.current.blur();
    }
  };
  const open = focused && found && (values.length > 0 || found.keys.length > 0);
  const openSheet = () => {
    setSheet(true);
    setTimeout(() => input.current.focus());
  };
  const kind = ["filter-field", focused ? "focused" : "", sheet ? "sheet" : ""].join(" ");
  return html`<div class=${kind} onClick=${(event) => event.target === event.currentTarget && input.current.focus()}>
    ${conditions.map((condition, at) => html`<${Token}
      key=${condition} text=${condition} onRemove=${() => remove(at)}
    />`)}
    <span class="writing">
      <input
        ref=${input} type="text" role="combobox" aria-label=${label ?? t("Filter")} autocomplete="off"
        spellcheck="false" aria-autocomplete="list" aria-expanded=${String(Boolean(open))}
        aria-controls="filter-suggestions" maxlength="1000"
        aria-activedescendant=${open && values.length ? `suggestion-${chosen}` : undefined}
        placeholder=${conditions.length ? "" : t("Filter: {example}", { example })} value=${text}
        onInput=${(event) => setText(event.target.value)}
        onFocus=${() => setFocused(true)} onBlur=${() => (setFocused(false), text && add(text))}
        onKeyDown=${key}
      />
      ${ghost ? html`<span class="ghost" aria-hidden="true"><span>${text}</span>${ghost}</span>` : null}
      ${open ? html`<${SuggestionList} found=${found} chosen=${chosen} onChoose=${choose} />` : null}
    </span>
    ${focused ? null : html`<kbd aria-hidden="true">F</kbd>`}
    <button type="button" class="button filter-button" aria-expanded=${String(sheet)}
      onClick=${() => (sheet ? setSheet(false) : openSheet())}
    >${sheet ? t("Done") : t("Filter")}</button>
  </div>`;
}
