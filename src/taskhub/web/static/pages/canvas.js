/** One canvas on a page of its own, with a legend. */
import { segment } from "../lib/api.js";
import { span } from "../lib/format.js";
import { html } from "../lib/html.js";
import { t } from "../lib/i18n.js";
import { useLive } from "../lib/live.js";
import { Link, taskUrl, url } from "../lib/router.js";
import { between, clock } from "../lib/time.js";
import { CanvasDrawing } from "../canvas/drawing.js";
import { sumWords } from "../canvas/words.js";
import { Mark, stateWord } from "../ui/mark.js";
import { Loaded } from "../ui/states.js";

const examples = [
  ["waiting", "dashed", "waits 4 s"],
  ["delayed", "dashed", "due in 1 h"],
  ["running", "", "4.4 s"],
  ["retrying", "", "try 2 in 8 s"],
  ["not-run", "dashed", "ChordError"],
  ["succeeded", "", "1.82 s"],
  ["failed", "", "4 of 4 tries"],
  ["revoked", "", "before start"],
  ["dead", "", "5 deliveries"],
  ["running", "own", "4.4 s"],
];

export function CanvasPage({ id }) {
  const answer = useLive(`tasks/${segment(id)}/canvas`);
  return html`<${Loaded} answer=${answer}>${(canvas) => html`
    <div class="page-head">
      <span class="ink2"><${Link} to=${url("/tasks")} class="plain">${t("Tasks")}<//> / <${Link}
        to=${taskUrl(canvas.root.id)} class="plain mono">${canvas.root.id.slice(0, 8)}<//> /</span>
      <h1>${t("Canvas")}</h1><span class="ink2">${sumWords(canvas)}</span>
      <span class="grow"></span>
      <span class="live"><i class="dot"></i>${t("Live")}</span>
      <span class="ink2">${canvas.sent_at
        ? t("sent {time}, {ago} ago", { time: clock(canvas.sent_at), ago: span(between(canvas.sent_at, canvas.at)) })
        : ""}</span>
    </div>
    <section class="canvas-page"><${CanvasDrawing} canvas=${canvas} /></section>
    <${Legend} />`}<//>`;
}

function Legend() {
  return html`<section class="canvas-legend">
    <h2>${t("Node states")}</h2>
    <div class="examples">
      ${examples.map(([mark, kind, side]) => html`<span class=${`node ${kind} is-${mark.replace("-", "_")}`}>
        <${Mark} of=${mark} /><span class="label">${kind === "own" ? t("This page's task") : mark === "not-run" ? t("Failed, not run") : stateWord(mark)}</span>
        <span class="side">${t(side)}</span>
      </span>`)}
    </div>
    <p class="edges-legend ink2">
      <svg width="60" height="8" aria-hidden="true"><g class="edge passed"><path class="line" d="M0 4H53" /><path class="head" d="M53 0v8l6-4z" /></g></svg>
      ${t("passed")}
      <svg width="60" height="8" aria-hidden="true"><g class="edge"><path class="line" d="M0 4H53" /><path class="head" d="M53 0v8l6-4z" /></g></svg>
      ${t("not yet, or never")}
      <span>${t("A number on an edge: members done. A number and a name above: step of the chain.")}</span>
    </p>
  </section>`;
}
