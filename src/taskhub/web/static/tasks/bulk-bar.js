/** Bar of selected tasks: how many, and what can be done to them. */
import { html } from "../lib/html.js";
import { t } from "../lib/i18n.js";
import { useDenial } from "../lib/session.js";
import { Button, TextButton } from "../ui/button.js";
import { verbs } from "./texts.js";

const keys = { retry: "R", revoke: "V", terminate: "T", delete: "D" };
const why = {
  retry: "Retry acts on tasks that failed",
  delete: "Delete acts on tasks that failed",
  revoke: "Revoke acts on tasks that have not ended",
  terminate: "Terminate acts on tasks that run",
};

/** What the states of rows let one do: action -> reason, or "" if it can be done. */
export function useActions(rows, everything) {
  const denial = useDenial();
  const found = {};
  for (const action of Object.keys(verbs)) {
    const allowed = everything || rows.some((row) => row.actions.includes(action));
    found[action] = denial(`tasks.${action}`) || (allowed ? "" : t(why[action]));
  }
  return found;
}

function reasonBeside(actions) {
  const both = actions.revoke && actions.terminate;
  if (both && actions.revoke === t(why.revoke)) {
    return t("Revoke and terminate act on tasks that have not ended");
  }
  return Object.values(actions).find(Boolean) ?? "";
}

export function BulkBar({ selection, total, actions, onAct }) {
  if (!selection.size && !selection.all) return null;
  // Those that can be done come first.
  const order = ["retry", "delete", "revoke", "terminate"].sort(
    (a, b) => Boolean(actions[a]) - Boolean(actions[b]),
  );
  const button = (action) => html`<${Button}
    key=${action} kind=${action === "delete" ? "small danger" : "small"} disabled=${actions[action]}
    hotkey=${keys[action]} onClick=${() => onAct(action)}
  >${t(verbs[action])}${actions[action] || (action === "retry" && !selection.all) ? "" : t("...")}<//>`;
  return html`<div class="bulk-bar" role="region" aria-label=${t("Selected tasks")}>
    <b>${selection.all
      ? t("All {n} that match are selected", { n: total })
      : t("{n} selected", { n: selection.size })}</b>
    ${selection.all
      ? html`<${TextButton} onClick=${selection.onlyChosen}>${t("Only the {n} on this page", { n: selection.size })}<//>`
      : total > selection.size
        ? html`<${TextButton} onClick=${selection.chooseAll}>${t("Select all {n} that match", { n: total })}<//>`
        : null}
    <span class="bulk-buttons">${order.map(button)}</span>
    <span class="why ink2">${reasonBeside(actions)}</span>
    <span class="grow"></span>
    <${TextButton} quiet onClick=${selection.clear}>${t("Clear")} <kbd aria-hidden="true">Esc</kbd><//>
  </div>`;
}
