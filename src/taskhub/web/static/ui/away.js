/** Line on top of a page while the store does not answer. */
import { duration, span } from "../lib/format.js";
import { html, useEffect, useState } from "../lib/html.js";
import { t } from "../lib/i18n.js";
import { refreshAll, useStore } from "../lib/live.js";
import { Link, url } from "../lib/router.js";
import { between, clock } from "../lib/time.js";
import { Button } from "./button.js";
import { Mark } from "./mark.js";

export function AwayLine() {
  const store = useStore();
  const [now, setNow] = useState(Date.now() / 1000);
  const away = store.state === "away";
  useEffect(() => {
    if (!away) return undefined;
    const timer = setInterval(() => setNow(Date.now() / 1000), 1000);
    return () => clearInterval(timer);
  }, [away]);
  if (!away) return null;
  const left = store.retryIn == null ? null : store.retryIn - (now - store.heard / 1000);
  const known = store.knownAt
    ? t("Shown is what was known at {time}, {ago} ago.", {
        time: clock(store.knownAt), ago: span(between(store.knownAt, now)),
      })
    : "";
  const again = left == null || left < 0.5
    ? t("Trying again.")
    : t("Trying again in {time}.", { time: duration(Math.ceil(left), { digits: 0 }) });
  return html`<div class="away-line" role="alert">
    <${Mark} of="failed" />
    <div class="grow">
      <b>${t("The store does not answer.")}</b>
      <span class="ink2">${known} ${again}</span>
      ${store.detail ? html`<span class="ink2">${store.detail} <${Link} to=${url("/settings")}>${t("Settings")}<//></span>` : null}
    </div>
    <${Button} kind="small" onClick=${refreshAll}>${t("Try now")}<//>
  </div>`;
}
