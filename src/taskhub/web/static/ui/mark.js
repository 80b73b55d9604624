/** Marks of states and checks: 14 px, each of its own shape. */
import { html } from "../lib/html.js";
import { t } from "../lib/i18n.js";

const stroke = { fill: "none", stroke: "currentColor", "stroke-width": 1.6 };
const onDisc = { fill: "none", stroke: "var(--bg)", "stroke-width": 1.6 };
const ring = html`<circle cx="7" cy="7" r="5.7" ...${stroke} />`;
const cross = "M4.9 4.9 9.1 9.1 M9.1 4.9 4.9 9.1";

const shapes = {
  waiting: ring,
  delayed: html`${ring}<path d="M7 3.9V7.2l2 1.3" ...${stroke} stroke-width="1.4" />`,
  running: html`${ring}<circle cx="7" cy="7" r="2.7" fill="currentColor" />`,
  retrying: html`<path d="M11.6 9.6A5.2 5.2 0 1 1 10.9 3.4" ...${stroke} />
    <path d="M12.6 1.2v4.2H8.4z" fill="currentColor" />`,
  failed: html`<circle cx="7" cy="7" r="6.4" fill="currentColor" /><path d=${cross} ...${onDisc} />`,
  "not-run": html`<circle
      cx="7" cy="7" r="5.7" ...${stroke} stroke-dasharray="2.4 1.18" stroke-width="1.4" />
    <path d="M5.2 5.2 8.8 8.8 M8.8 5.2 5.2 8.8" ...${stroke} stroke-width="1.4" />`,
  succeeded: html`<circle cx="7" cy="7" r="6.4" fill="currentColor" />
    <path d="M4.1 7.2 6.2 9.3 10 5.2" ...${onDisc} />`,
  revoked: html`${ring}<path d="M3.2 10.8 10.8 3.2" ...${stroke} />`,
  dead: html`<rect x="0.8" y="0.8" width="12.4" height="12.4" rx="1" fill="currentColor" />
    <path d=${cross} ...${onDisc} />`,
  warning: html`<path d="M7 1.6 13 12.4H1z" ...${stroke} stroke-width="1.5" stroke-linejoin="round" />
    <path d="M7 5.4v3.4M7 10v1.2" ...${stroke} stroke-width="1.4" />`,
  check: html`<path d="M2.4 7.5 5.6 10.6 11.6 3.8" ...${stroke} stroke-width="1.7" />`,
  cross: html`<path d="M3 3 11 11 M11 3 3 11" ...${stroke} stroke-width="1.8" />`,
  also: html`<circle cx="7" cy="7" r="4.1" ...${stroke} stroke-width="1.7" />`,
  none: html`<path d="M3 7h8" ...${stroke} />`,
  paused: html`<path d="M4.6 3v8M9.4 3v8" ...${stroke} stroke-width="2.4" />`,
  skipped: html`<rect x="3.5" y="3.5" width="7" height="7" ...${stroke} stroke-width="1.1" />`,
};

const words = {
  waiting: "Waiting",
  delayed: "Delayed",
  running: "Running",
  retrying: "Retrying",
  failed: "Failed",
  "not-run": "Not run",
  succeeded: "Succeeded",
  revoked: "Revoked",
  dead: "Dead",
  skipped: "Skipped",
  warning: "Warning",
};

/** Word of a state, with a capital. */
export const stateWord = (state) => t(words[state] ?? state);

/** Mark of a state or a check; `alone` gives it an accessible name. */
export function Mark({ of: name, alone = false, size = 14 }) {
  const shape = shapes[name] ?? shapes.waiting;
  const label = alone ? { role: "img", "aria-label": stateWord(name) } : { "aria-hidden": "true" };
  return html`<svg
    class=${`mark mark-${name}`} viewBox="0 0 14 14" width=${size} height=${size} ...${label}
  >${shape}</svg>`;
}
