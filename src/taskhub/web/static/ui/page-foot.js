/** Line at the bottom of a list: how many, older and newer, keys. */
import { html } from "../lib/html.js";
import { t } from "../lib/i18n.js";
import { setParams } from "../lib/router.js";
import { TextButton } from "./button.js";
import { showKeys } from "./keys-list.js";

export function PageFoot({ children, page, right }) {
  const go = (cursor) => setParams({ cursor }, { replace: false });
  return html`<footer class="page-foot">
    ${children}
    ${page?.previous ? html`<${TextButton} onClick=${() => go(page.previous)}>${t("Newer")}<//>` : null}
    ${page?.next ? html`<${TextButton} onClick=${() => go(page.next)}>${t("Older")}<//>` : null}
    <span class="grow"></span>${right}
  </footer>`;
}

/** Keys of a list. */
export function ListKeys() {
  return html`<span class="list-keys">
    <span><kbd>J</kbd> <kbd>K</kbd> ${t("move")}</span><span><kbd>X</kbd> ${t("select")}</span>
    <span><kbd>Enter</kbd> ${t("open")}</span>
    <button type="button" class="link quiet" onClick=${showKeys}><kbd>?</kbd> ${t("all keys")}</button>
  </span>`;
}
