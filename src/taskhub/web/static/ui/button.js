/** Buttons, which say why when they are disabled, and choices among a few. */
import { html, useRef } from "../lib/html.js";

/**
 * A button.
 *
 * `disabled` is the reason as a sentence, or nothing. A disabled button keeps its place and its
 * focus, so that everybody can read why.
 */
export function Button({ onClick, disabled, kind = "", hotkey, label, children, ...rest }) {
  return html`<button
    type="button"
    class=${`button ${kind}`}
    aria-disabled=${disabled ? "true" : undefined}
    title=${disabled || undefined}
    aria-label=${label}
    aria-keyshortcuts=${hotkey}
    onClick=${(event) => !disabled && onClick?.(event)}
    ...${rest}
  >${children}${hotkey && !disabled ? html`<kbd aria-hidden="true">${hotkey}</kbd>` : null}</button>`;
}

/** A text button that looks like a link. */
export function TextButton({ onClick, disabled, quiet, children, ...rest }) {
  return html`<button
    type="button"
    class=${quiet ? "link quiet" : "link"}
    aria-disabled=${disabled ? "true" : undefined}
    title=${disabled || undefined}
    onClick=${(event) => !disabled && onClick?.(event)}
    ...${rest}
  >${children}</button>`;
}

/** One of a few choices: `options` are pairs of value and text. */
export function Segmented({ value, options, onChange, label }) {
  return html`<div class="segmented" role="group" aria-label=${label}>
    ${options.map(
      ([option, text]) => html`<button
        type="button" key=${option} aria-pressed=${option === value ? "true" : "false"}
        onClick=${() => onChange(option)}
      >${text}</button>`,
    )}
  </div>`;
}

/** A checkbox; `value` is true, false or "some". */
export function Checkbox({ value, onChange, label, tabIndex }) {
  const box = useRef(null);
  const set = (element) => {
    box.current = element;
    if (element) element.indeterminate = value === "some";
  };
  return html`<input
    type="checkbox" class="checkbox" ref=${set} checked=${value === true} aria-label=${label}
    tabindex=${tabIndex}
    onClick=${(event) => onChange(event.target.checked, event)}
  />`;
}
