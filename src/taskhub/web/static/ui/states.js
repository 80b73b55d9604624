/** What stands in place of a page's content: loading, a problem, nothing there. */
import { html } from "../lib/html.js";
import { t } from "../lib/i18n.js";
import { Link, url } from "../lib/router.js";
import { Mark } from "./mark.js";

/** Nothing is there: what is so, why, and what to do. */
export function Empty({ title, children, buttons }) {
  return html`<div class="empty">
    <h2>${title}</h2>
    ${children ? html`<p>${children}</p>` : null}
    ${buttons ? html`<div class="buttons">${buttons}</div>` : null}
  </div>`;
}

/** A problem that the API told, in place of what was asked for. */
export function Problem({ error }) {
  if (error.code === "store_away") {
    return html`<${Empty} title=${t("Nothing is known yet.")}>
      ${t("This page fills as soon as the store answers.")}
    <//>`;
  }
  if (error.code === "not_found") return html`<${NotFound} detail=${error.message} />`;
  return html`<div class="empty" role="alert">
    <h2><${Mark} of="failed" /> ${t("This cannot be shown.")}</h2>
    <p>${error.message}</p>
  </div>`;
}

/** There is no such page, task, queue, ... */
export function NotFound({ detail }) {
  return html`<${Empty}
    title=${t("There is nothing at this address.")}
    buttons=${html`<${Link} class="button" to=${url("/")}>${t("Overview")}<//>
      <${Link} class="button" to=${url("/tasks")}>${t("Tasks")}<//>`}
  >${detail}<//>`;
}

/** Content of an answer, or what stands in its place. */
export function Loaded({ answer, children }) {
  if (answer.data !== undefined) return children(answer.data);
  if (answer.error) return html`<${Problem} error=${answer.error} />`;
  return html`<div class="loading" role="status"><span class="visually-hidden">${t("Loading")}</span></div>`;
}
