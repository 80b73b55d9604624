/** Bar at the bottom of narrow screens: four pages, and a sheet with the others. */
import { html, useState } from "../lib/html.js";
import { t } from "../lib/i18n.js";
import { Link, url } from "../lib/router.js";
import { isCurrent, pages } from "./topbar.js";

export function BottomBar({ path }) {
  const [open, setOpen] = useState(false);
  const link = ([page, name]) => html`<${Link}
    key=${page} to=${url(page)} aria-current=${isCurrent(page, path) ? "page" : undefined}
  >${t(name)}<//>`;
  const more = pages.slice(4);
  const within = more.some(([page]) => isCurrent(page, path));
  return html`<nav class="bottom-bar" aria-label=${t("Pages, short")}>
    ${open
      ? html`<div class="more-sheet" onClick=${() => setOpen(false)}>${more.map(link)}</div>`
      : null}
    ${pages.slice(0, 4).map(link)}
    <button
      type="button" aria-expanded=${String(open)} aria-current=${within ? "page" : undefined}
      onClick=${() => setOpen(!open)}
    >${t("More")}</button>
  </nav>`;
}
