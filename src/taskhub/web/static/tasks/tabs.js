/** Tabs of the Tasks page: one a state, with how many match. */
import { html } from "../lib/html.js";
import { t } from "../lib/i18n.js";
import { count } from "../lib/format.js";
import { withState } from "../lib/filter.js";
import { Link, url } from "../lib/router.js";
import { Mark, stateWord } from "../ui/mark.js";

const states = ["waiting", "delayed", "running", "retrying", "failed", "succeeded", "revoked"];

export function Tabs({ filter, current, counts, params }) {
  const tab = (state, name) => html`<${Link}
    key=${state} class="tab" aria-current=${current === state ? "page" : undefined}
    to=${url("/tasks", {
      ...params, cursor: null, state: null, filter: withState(filter, state),
      group: state === "failed" ? params.group : null,
    })}
  >${state === "all" ? null : html`<${Mark} of=${state} />`}<span class="name">${name}</span>
    <span class="count">${counts ? count(counts[state]) + (counts.at_least ? "+" : "") : ""}</span><//>`;
  return html`<nav class="tabs" aria-label=${t("States")}>
    ${tab("all", t("All"))} ${states.map((state) => tab(state, stateWord(state)))}
  </nav>`;
}
