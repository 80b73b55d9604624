/** Dialogs: a modal element of the browser, which keeps the focus inside and gives it back. */
import { html, useEffect, useRef, useState } from "../lib/html.js";
import { t } from "../lib/i18n.js";
import { Button } from "./button.js";

let opened = null;

/** Show a dialog: `content` is called with `close` and returns what stands in it. */
export function openDialog(content) {
  opened?.(content);
}

/** Place of the dialog in the page; there is one at a time. */
export function DialogHost() {
  const [content, setContent] = useState(null);
  const element = useRef(null);
  const before = useRef(null);
  useEffect(() => {
    opened = (next) => {
      before.current = document.activeElement;
      setContent(() => next);
    };
    return () => {
      opened = null;
    };
  }, []);
  useEffect(() => {
    if (content && !element.current.open) {
      element.current.showModal();
      element.current.querySelector("[data-autofocus]")?.focus();
    }
  }, [content]);
  const closed = () => {
    setContent(null);
    before.current?.focus?.();
  };
  if (!content) return null;
  const close = () => element.current?.close();
  return html`<dialog ref=${element} onClose=${closed} aria-labelledby="dialog-title">
    ${content(close)}
  </dialog>`;
}

/** A question before an act: title, sentence, and the button that does it. */
export function Question({
  title, lead, act, kind = "primary", onAct, close, children, disabled, left,
}) {
  const [error, setError] = useState(null);
  const [busy, setBusy] = useState(false);
  const run = async () => {
    setBusy(true);
    try {
      await onAct();
      close();
    } catch (failure) {
      setError(failure.message);
      setBusy(false);
    }
  };
  const submit = (event) => {
    event.preventDefault();
    if (!disabled && !busy) run();
  };
  return html`<form onSubmit=${submit}>
    <h2 id="dialog-title">${title}</h2>
    ${lead ? html`<p class="lead">${lead}</p>` : null} ${children}
    ${error ? html`<p class="form-error" role="alert">${error}</p>` : null}
    <div class="buttons">
      ${left}<span class="grow"></span>
      <${Button} onClick=${close}>${t("Cancel")}<//>
      <${Button}
        kind=${kind} disabled=${disabled || (busy ? t("Under way") : "")} onClick=${run}
        data-autofocus
      >${act}<//>
    </div>
  </form>`;
}

/** Ask before an act. */
export function ask(props) {
  openDialog((close) => html`<${Question} close=${close} ...${props} />`);
}
