/** Bar on top of every page: pages, search, whether what is shown is live, who is signed in. */
import { config } from "../lib/config.js";
import { useHoldState } from "../lib/hold.js";
import { html } from "../lib/html.js";
import { t } from "../lib/i18n.js";
import { useStore } from "../lib/live.js";
import { Link, url } from "../lib/router.js";
import { useSession } from "../lib/session.js";
import { Account } from "./account.js";
import { Mark } from "./mark.js";
import { Search } from "./search.js";

/** Pages of the top bar: path, name, the key after G. */
export const pages = [
  ["/", "Overview", "o"],
  ["/tasks", "Tasks", "t"],
  ["/queues", "Queues", "q"],
  ["/workers", "Workers", "w"],
  ["/schedule", "Schedule", "s"],
  ["/limits", "Limits", "l"],
  ["/audit", "Audit", "a"],
  ["/settings", "Settings", null],
];

/** Whether a page of the bar holds a path. */
export const isCurrent = (page, path) =>
  page === "/" ? path === "/" : path === page || path.startsWith(`${page}/`);

export function TopBar({ path, tools }) {
  const session = useSession();
  return html`<header class="top-bar">
    <${Link} to=${url("/")} class="brand">
      <b>taskhub</b><span class="slash">/</span><span class="app">${config.app}</span>
    <//>
    <nav aria-label=${t("Pages")}>
      ${pages.map(
        ([page, name]) => html`<${Link}
          key=${page} to=${url(page)} aria-current=${isCurrent(page, path) ? "page" : undefined}
        >${t(name)}<//>`,
      )}
    </nav>
    <span class="grow"></span>
    <span class="tools">${tools}</span>
    <${Search} />
    <${LiveState} />
    <${Account} session=${session} />
  </header>`;
}

const holdWords = {
  selected: "Held while rows are selected",
  pointer: "Held under the pointer",
  focus: "Held while a row has the focus",
  manual: "Held",
};

/** "Live", "Held while rows are selected, 14 newer", or that the store is away. */
export function LiveState() {
  const hold = useHoldState();
  const store = useStore();
  if (store.state === "away") {
    return html`<span class="live" role="status"><${Mark} of="failed" />${t("Away")}</span>`;
  }
  // A pointer that rests on a row holds it; there is nothing to tell until something is newer.
  if (hold.reason && (hold.newer || hold.reason === "selected" || hold.reason === "manual")) {
    const text = t(holdWords[hold.reason]);
    return html`<span class="live held">
      <${Mark} of="waiting" /><span class="long">${text}</span
      ><span class="short">${t("Held")}</span>${hold.newer
        ? t(", {n} newer", { n: hold.newer })
        : null}
    </span>`;
  }
  return html`<span class="live"><i class="dot"></i>${t("Live")}</span>`;
}
