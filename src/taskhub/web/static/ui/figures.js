/** Small drawings of figures: sparklines, busy threads, runs of an entry, time to a limit. */
import { html } from "../lib/html.js";
import { t } from "../lib/i18n.js";

const width = 84;
const height = 16;

/** Counts in bins as bars, or a level as a line; own scale, base line. */
export function Sparkline({ values, kind = "line", label }) {
  const known = (values ?? []).filter((value) => value != null);
  const top = Math.max(...known, kind === "bars" ? 1 : 0) || 1;
  const name = label ? { role: "img", "aria-label": label } : { "aria-hidden": "true" };
  return html`<svg
    class=${`spark spark-${kind}`} viewBox=${`0 0 ${width} ${height}`} width=${width}
    height=${height} ...${name}
  >
    <path class="base" d=${`M0 ${height - 0.5}H${width}`} />
    ${kind === "bars" ? bars(values ?? [], top) : line(values ?? [], top)}
  </svg>`;
}

function bars(values, top) {
  const step = width / Math.max(values.length, 1);
  const wide = Math.max(Math.min(step - 1, 6), 1);
  return values.map((value, at) =>
    value
      ? html`<rect
          class="bar" x=${at * step + (step - wide) / 2} width=${wide}
          height=${Math.max((value / top) * (height - 2), 1.5)}
          y=${height - 1 - Math.max((value / top) * (height - 2), 1.5)}
        />`
      : null,
  );
}

function line(values, top) {
  const step = width / Math.max(values.length - 1, 1);
  let path = "";
  let pen = "M";
  values.forEach((value, at) => {
    if (value == null) pen = "M";
    else {
      path += `${pen}${(at * step).toFixed(1)} ${(height - 1.5 - (value / top) * (height - 3)).toFixed(1)}`;
      pen = "L";
    }
  });
  return html`<path class="level" d=${path} />`;
}

/** One cell a thread; those that are busy are filled. */
export function Threads({ busy, total }) {
  const cells = Math.min(total, 32);
  const filled = total > cells ? Math.round((busy / total) * cells) : busy;
  return html`<span
    class="threads" role="img" aria-label=${t("{busy} of {total} {total|thread|threads} busy", { busy, total })}
  >${Array.from({ length: cells }, (_, at) => html`<i class=${at < filled ? "busy" : ""}></i>`)}</span>`;
}

/** The last runs of an entry, newest right; the height is the time taken. */
export function Runs({ runs, slots = 20 }) {
  const shown = runs.slice(0, slots).reverse();
  // Failed runs often take far longer; they reach to the top and leave the others their scale.
  const done = shown.filter((run) => run.state === "succeeded");
  const longest = Math.max(...(done.length ? done : shown).map((run) => run.took ?? 0), 1e-9);
  const step = 7.5;
  const left = (slots - shown.length) * step;
  const label = t("{n} {n|run|runs}, {failed} failed, {skipped} skipped", {
    n: shown.length,
    failed: shown.filter((run) => run.state === "failed").length,
    skipped: shown.filter((run) => run.state === "skipped").length,
  });
  return html`<svg class="runs" width="150" height="20" viewBox="0 0 150 20" role="img" aria-label=${label}>
    <path class="base" d="M0 19.5H150" />
    ${shown.map((run, at) => runBar(run, left + at * step, longest))}
  </svg>`;
}

function runBar(run, x, longest) {
  if (run.state === "skipped") {
    return html`<rect class="skipped" x=${x + 1} y="14" width="5" height="5" />`;
  }
  const share = run.took == null ? 0.9 : 0.2 + 0.8 * Math.min(run.took / longest, 1);
  const high = Math.max(18 * share, 3);
  const y = 19 - high;
  const kind = { failed: "failed", dead: "failed", succeeded: "succeeded" }[run.state] ?? "running";
  return html`<g class=${kind}>
    <rect class="body" x=${x} y=${y} width="6.5" height=${high} />
    ${kind === "succeeded" ? html`<rect class="edge" x=${x} y=${y} width="6.5" height="2" />` : null}
  </g>`;
}

/** How long a task has run, of its hard limit; the tick is the soft limit. */
export function LimitBar({ ran, soft, hard }) {
  if (!hard && !soft) return null;
  const end = hard || soft;
  const share = Math.min(ran / end, 1);
  const late = soft && ran > soft;
  return html`<span class="limit-bar" aria-hidden="true">
    <i class=${late ? "late" : ""} style=${{ width: `${share * 100}%` }}></i>
    ${soft && hard ? html`<b style=${{ left: `${(soft / hard) * 100}%` }}></b>` : null}
  </span>`;
}
