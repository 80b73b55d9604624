/** Arguments, result, relations and headers of a task. */
import { bytes, duration, setting, splitName } from "../lib/format.js";
import { html } from "../lib/html.js";
import { t } from "../lib/i18n.js";
import { clock } from "../lib/time.js";
import { Button, TextButton } from "../ui/button.js";
import { openDialog } from "../ui/dialog.js";
import { Mark } from "../ui/mark.js";
import { TaskLink } from "../ui/name.js";
import { notify } from "../ui/notice.js";
import { markOf } from "../canvas/words.js";

/** Put a text on the clipboard. */
export async function copyText(text) {
  try {
    await navigator.clipboard.writeText(text);
    notify(t("Copied."));
  } catch {
    notify(t("The browser does not allow copying."), "failed");
  }
}

/** Heading of a part of the page, with what can be done at its right. */
export function PartHead({ title, note, children }) {
  return html`<div class="section-head"><h2>${title}</h2>${note ? html`<span class="note">${note}</span>` : null}
    <span class="grow"></span>${children}</div>`;
}

function Value({ argument }) {
  if (argument.redacted) return html`<dd class="ink3">${t("hidden by task_redact")}</dd>`;
  const text = argument.text;
  if (!argument.more) return html`<dd class=${`is-${argument.kind}`}>${text}</dd>`;
  const close = /[\])}]$/.exec(text)?.[0] ?? "";
  return html`<dd class=${`is-${argument.kind}`}>${close ? text.slice(0, -1) : text}<span class="ink3">${t(", and {n} more", { n: argument.more })}</span>${close}</dd>`;
}

export function Arguments({ task }) {
  const { arguments: args } = task;
  const text = args.excerpt ?? args.items.map((item) => (item.name ? `${item.name}=${item.text}` : item.text)).join(", ");
  return html`<section>
    <${PartHead} title=${t("Arguments")}>
      ${args.hidden || !text ? null : html`<${TextButton} onClick=${() => copyText(text)}>${t("Copy")}<//>`}
    <//>
    ${args.hidden
      ? html`<p class="ink2">${t("Hidden from viewers. An operator sees them.")}</p>`
      : args.items.length
        ? html`<dl class="code-box argument-list">
            ${args.items.map((item, at) => html`<dt>${item.name ?? String(at)}</dt><${Value} argument=${item} />`)}
          </dl>`
        : args.excerpt
          ? html`<pre class="code-box">${args.excerpt}</pre>`
          : html`<p class="ink2">${args.known ? t("Called without arguments.") : t("No longer kept.")}</p>`}
  </section>`;
}

const noResult = {
  failed: "No result, the task failed.",
  dead: "No result, the task was given up.",
  revoked: "No result, the task was revoked.",
  waiting: "No result yet.",
  delayed: "No result yet.",
  running: "No result yet.",
  retrying: "No result yet.",
  succeeded: "No result is kept.",
};

export function Result({ task }) {
  const { result, row } = task;
  const stored = result.state === "stored";
  const words = {
    none: noResult[row.state] ?? "No result.",
    hidden: "Hidden from viewers. An operator sees it.",
    gone: "The result has expired.",
    ignored: "The task ignores its result.",
  };
  return html`<section>
    <${PartHead} title=${t("Result")} note=${stored && result.size != null ? bytes(result.size) : null}>
      ${stored ? html`<${TextButton} onClick=${() => copyText(result.text ?? "")}>${t("Copy")}<//>` : null}
    <//>
    ${stored
      ? html`<pre class="code-box result" tabindex="0">${result.text}${result.cut ? html`<span class="ink3">${t(" cut")}</span>` : null}</pre>`
      : html`<p class="ink2">${t(words[result.state] ?? "No result.")}</p>`}
  </section>`;
}

function Relation({ name, refs }) {
  if (!refs.length) return null;
  return html`<dt>${t(name)}</dt><dd>${refs.slice(0, 8).map((ref) => html`<div>
      <${Mark} of=${markOf(ref.state)} alone /> <${TaskLink} id=${ref.id}>
        <span title=${ref.task}>${splitName(ref.task ?? "")[1]}</span> <code class="ink2">${ref.id.slice(0, 8)}</code>
      <//>
    </div>`)}${refs.length > 8 ? html`<span class="ink2">${t("and {n} more", { n: refs.length - 8 })}</span>` : null}</dd>`;
}

export function Relations({ task }) {
  const { root, parent, children } = task.relations;
  const some = (root && root.id !== task.row.id) || parent || children.length;
  if (!some) return null;
  return html`<section>
    <${PartHead} title=${t("Relations")} />
    <dl class="pairs">
      <${Relation} name="Root" refs=${root ? [root] : []} />
      <${Relation} name="Parent" refs=${parent ? [parent] : []} />
      <${Relation} name="Children" refs=${children} />
    </dl>
  </section>`;
}

function showHeaders(task) {
  openDialog((close) => html`<h2 id="dialog-title">${t("Headers")}</h2>
    <dl class="pairs all-headers">${task.headers.map((header) => html`<dt>${header.name}</dt><dd><code>${header.value}</code></dd>`)}</dl>
    <div class="buttons"><span class="grow"></span><${Button} onClick=${close}>${t("Close")}<//></div>`);
}

function limitText({ soft, hard }) {
  if (soft && hard) return t("soft {soft}, hard {hard}", { soft: setting(soft), hard: setting(hard) });
  if (hard) return t("hard {hard}", { hard: setting(hard) });
  return soft ? t("soft {soft}", { soft: setting(soft) }) : t("none");
}

export function Headers({ task }) {
  const yes = (value) => (value ? t("yes") : t("no"));
  const pairs = [
    ["expires", task.expires_at ? clock(task.expires_at) : t("none")],
    ["time limit", limitText(task.limits)],
    ["ignore_result", task.ignore_result == null ? null : yes(task.ignore_result)],
    ["origin", task.origin],
  ];
  return html`<section>
    <${PartHead} title=${t("Headers")}>
      ${task.headers.length ? html`<${TextButton} onClick=${() => showHeaders(task)}>${t("All {n}", { n: task.headers.length })}<//>` : null}
    <//>
    <dl class="pairs">${pairs.filter(([, value]) => value).map(([name, value]) => html`<dt>${t(`header@${name}`)}</dt><dd>${value}</dd>`)}</dl>
  </section>`;
}

export function Usual({ usual }) {
  if (!usual?.runs) return null;
  const line = (values) => ["p50", "p95", "p99"].filter((name) => values[name] != null).map((name) => `${name} ${duration(values[name])}`).join(t("list@, "));
  return html`<section>
    <${PartHead} title=${t("Usual for this task")} note=${t("last {n} h", { n: 1 })} />
    <dl class="pairs short">
      <dt>${t("Waits")}</dt><dd>${line(usual.wait)}</dd><dt>${t("Runs")}</dt><dd>${line(usual.run)}</dd>
      <dt>${t("Fails")}</dt><dd>${t("{share} of {n}", { share: `${((100 * usual.failed) / usual.runs).toFixed(1)}%`, n: usual.runs })}</dd>
    </dl>
  </section>`;
}

