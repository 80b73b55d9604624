/** What a task failed with: the user's frames first, those of libraries folded. */
import { html, useState } from "../lib/html.js";
import { parts, t } from "../lib/i18n.js";
import { Segmented, TextButton } from "../ui/button.js";
import { PartHead, copyText } from "./arguments.js";

function Frame({ frame }) {
  return html`<div class="frame-box">
    <div class="frame-head"><span class="mono">${frame.path}<span class="ink3">:${frame.line}</span></span>
      <code class="ink2">${frame.function}</code></div>
    ${frame.source.length
      ? html`<div class="frame-source" tabindex="0" role="group" aria-label=${`${frame.path}:${frame.line}`}>
          ${frame.source.map((line) => html`<div class=${line.hit ? "hit" : ""}><span class="number">${line.line}</span><span>${line.text}</span></div>`)}
        </div>`
      : null}
  </div>`;
}

function Fold({ summary, aside, children }) {
  return html`<details class="fold-line"><summary><span>${summary}</span>${aside ? html`<span class="ink2">${aside}</span>` : null}</summary>${children}</details>`;
}

/** Counts of library frames: "requests 4, urllib3 6". */
function libraryCounts(frames) {
  const counts = new Map();
  for (const frame of frames) {
    const name = frame.library ?? t("others");
    counts.set(name, (counts.get(name) ?? 0) + 1);
  }
  return [...counts].map(([name, n]) => `${name} ${n}`).join(t("list@, "));
}

function Message({ error }) {
  return html`<p class="error-message"><b class="error-name">${error.kind}</b> ${error.hidden
    ? html`<span class="ink2">${t("message hidden, it may quote arguments")}</span>`
    : html`<span class="mono">${error.message}</span>`}</p>
    ${error.cause ? html`<p class="ink2">${parts("raised from {cause}", { cause: html`<code>${error.cause}</code>` })}</p>` : null}`;
}

function Earlier({ task }) {
  const earlier = task.earlier_errors;
  const before = (task.error?.try ?? task.row.tries) - 1;
  if (task.same_error && before > 0) {
    const summary = before === 1 ? t("Error of try 1: the same") : t("Errors of tries 1 to {n}: the same", { n: before });
    if (!earlier.length) return html`<p class="fold-line ink2">${summary}</p>`;
    return html`<${Fold} summary=${summary}>${earlier.map((error) => html`<${Message} error=${error} />`)}<//>`;
  }
  return earlier.map((error) => html`<${Fold}
    summary=${error.try == null ? t("Error of an earlier try") : t("Error of try {n}", { n: error.try })} aside=${error.kind}
  ><${Message} error=${error} />${error.traceback ? html`<pre class="code-box">${error.traceback}</pre>` : null}<//>`);
}

export function TaskErrorPart({ task }) {
  const { error, row } = task;
  const [all, setAll] = useState(false);
  if (!error) {
    if (row.state !== "dead" && row.state !== "failed") return null;
    return html`<section><${PartHead} title=${t("Error")} /><p class="danger">${row.reason}</p></section>`;
  }
  const own = error.frames.filter((frame) => frame.own);
  const library = error.frames.filter((frame) => !frame.own);
  const shown = all || !own.length ? error.frames : own;
  const raised = error.frames[0];
  const note = row.tries > 1 ? t("last of {n} tries", { n: row.tries }) : null;
  return html`<section class="task-error">
    <${PartHead} title=${t("Error")} note=${note}>
      ${own.length && library.length
        ? html`<${Segmented}
            label=${t("Frames")} value=${all} onChange=${setAll}
            options=${[[false, t("Your frames, {n}", { n: own.length })], [true, t("All frames, {n}", { n: error.frames.length })]]}
          />`
        : null}
      ${error.traceback ? html`<${TextButton} onClick=${() => copyText(error.traceback)}>${t("Copy")}<//>` : null}
    <//>
    <${Message} error=${error} />
    ${shown.map((frame) => html`<${Frame} frame=${frame} />`)}
    ${!all && own.length && library.length
      ? html`<${Fold}
          summary=${t("{n} library {n|frame|frames}: {names}", { n: library.length, names: libraryCounts(library) })}
          aside=${raised && !raised.own ? t("raised in {place}", { place: `${raised.path.split("/").slice(-2).join("/")}:${raised.line}` }) : null}
        >${library.map((frame) => html`<${Frame} frame=${frame} />`)}<//>`
      : null}
    ${!error.frames.length && error.traceback ? html`<pre class="code-box" tabindex="0">${error.traceback}</pre>` : null}
    <${Earlier} task=${task} />
  </section>`;
}
