/** One line that says what an act has done. */
import { html, useEffect, useState } from "../lib/html.js";
import { t } from "../lib/i18n.js";
import { TextButton } from "./button.js";
import { Mark } from "./mark.js";

let show = () => {};

/** Say what was done, or why it was not. */
export const notify = (text, kind = "done") => show(text ? { text, kind } : null);

/** Run an act and say what came of it. */
export async function attempt(act, describe) {
  try {
    const result = await act();
    notify(describe(result));
    return result;
  } catch (error) {
    notify(error.message, "failed");
    return null;
  }
}

export function NoticeHost() {
  const [notice, setNotice] = useState(null);
  useEffect(() => {
    show = setNotice;
    return () => {
      show = () => {};
    };
  }, []);
  useEffect(() => {
    if (!notice || notice.kind !== "done") return undefined;
    const timer = setTimeout(() => setNotice(null), 8000);
    return () => clearTimeout(timer);
  }, [notice]);
  return html`<div class="notice-place" role="status" aria-live="polite">
    ${notice
      ? html`<div class="notice">
          <${Mark} of=${{ failed: "failed", busy: "waiting" }[notice.kind] ?? "check"} />
          <span class="grow">${notice.text}</span>
          <${TextButton} quiet onClick=${() => setNotice(null)}>${t("Close")}<//>
        </div>`
      : null}
  </div>`;
}
