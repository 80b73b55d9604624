/** The list of all keys, which `?` shows. */
import { html } from "../lib/html.js";
import { t } from "../lib/i18n.js";
import { Button } from "./button.js";
import { openDialog } from "./dialog.js";

const list = [
  [["/"], "find a task, id or queue"],
  [["F"], "filter"],
  [["J"], "next row"],
  [["K"], "row before"],
  [["X"], "select"],
  [["Shift", "X"], "select up to here"],
  [["A"], "select all on the page"],
  [["Enter"], "open"],
  [["R"], "retry"],
  [["V"], "revoke"],
  [["T"], "terminate"],
  [["D"], "delete"],
  [["P"], "pause or resume a queue"],
  [["1"], "span of 1 h"],
  [["2"], "span of 24 h"],
  [["3"], "span of 72 h"],
  [["L"], "hold live rows"],
  [["Esc"], "clear"],
  [["G", "O"], "Overview"],
  [["G", "T"], "Tasks"],
  [["G", "Q"], "Queues"],
  [["G", "W"], "Workers"],
  [["G", "S"], "Schedule"],
  [["G", "L"], "Limits"],
  [["G", "A"], "Audit"],
  [["?"], "this list"],
];

export function showKeys() {
  openDialog(
    (close) => html`<h2 id="dialog-title">${t("Keys")}</h2>
      <p class="lead">${t("They rest while you write in a field, and can be switched off in Settings.")}</p>
      <ul class="keys-list">
        ${list.map(
          ([keys, text]) => html`<li>
            <span class="keys">${keys.map((key) => html`<kbd>${key}</kbd>`)}</span>${t(text)}
          </li>`,
        )}
      </ul>
      <div class="buttons"><span class="grow"></span><${Button} onClick=${close}>${t("Close")}<//></div>`,
  );
}
