/** One task: facts, canvas, error or why it waits, timeline, arguments. */
import { segment } from "../lib/api.js";
import { html } from "../lib/html.js";
import { t } from "../lib/i18n.js";
import { useKeys } from "../lib/keys.js";
import { refresh, useLive } from "../lib/live.js";
import { Link, navigate, url } from "../lib/router.js";
import { useDenial } from "../lib/session.js";
import { CanvasDrawing } from "../canvas/drawing.js";
import { sumWords } from "../canvas/words.js";
import { Arguments, Headers, PartHead, Relations, Result, Usual, copyText } from "../task/arguments.js";
import { editAndRetry } from "../task/edited.js";
import { TaskErrorPart } from "../task/error.js";
import { Facts } from "../task/facts.js";
import { Timeline } from "../task/timeline.js";
import { WhyItWaits } from "../task/why.js";
import { actOnOne } from "../tasks/actions.js";
import { Button, TextButton } from "../ui/button.js";
import { Mark } from "../ui/mark.js";
import { TaskName } from "../ui/name.js";
import { Loaded } from "../ui/states.js";

const reasons = {
  retry: "Retry acts on tasks that failed",
  delete: "Delete acts on tasks that failed",
  revoke: "Revoke acts on tasks that have not ended",
  terminate: "Terminate acts on tasks that run",
};

export function TaskPage({ id }) {
  const path = `tasks/${segment(id)}`;
  const answer = useLive(path);
  return html`<${Loaded} answer=${answer}>${(task) => html`<${Task} task=${task} path=${path} />`}<//>`;
}

function useTaskActions(task) {
  const denial = useDenial();
  const may = (action) =>
    denial(`tasks.${action}`) || (task.row.actions.includes(action) ? "" : t(reasons[action]));
  const act = (action) => () => actOnOne(action, task.row.id);
  const key = (action) => () => (may(action) ? false : act(action)());
  useKeys({
    r: key("retry"), v: key("revoke"), t: key("terminate"), d: key("delete"),
    Escape: () => (history.length > 1 ? history.back() : navigate(url("/tasks"))),
  });
  return { may, act, edit: denial("tasks.edit") || may("retry") };
}

function Buttons({ task }) {
  const { may, act, edit } = useTaskActions(task);
  const failed = task.row.actions.includes("retry");
  const retry = html`<${Button} key="retry" kind=${failed && !may("retry") ? "primary" : ""} hotkey=${failed ? "R" : undefined} disabled=${may("retry")} onClick=${act("retry")}>${t("Retry")}<//>`;
  const revoke = html`<${Button} key="revoke" disabled=${may("revoke")} onClick=${act("revoke")}>${t("Revoke")}${may("revoke") ? "" : t("...")}<//>`;
  const terminate = html`<${Button} key="terminate" disabled=${may("terminate")} onClick=${act("terminate")}>${t("Terminate")}${may("terminate") ? "" : t("...")}<//>`;
  const denied = ["retry", "revoke", "terminate", "delete"].map(may).find((why) => why && !Object.values(reasons).map((one) => t(one)).includes(why));
  return html`<div class="task-buttons">
    ${denied ? html`<span class="ink2 why">${denied}</span>` : null}
    ${failed
      ? html`${retry}
          <${Button} disabled=${edit || (task.arguments.editable ? "" : t("Its arguments cannot be edited as JSON"))} onClick=${() => editAndRetry(task)}>${t("Retry with edited arguments")}${t("...")}<//>
          ${revoke}${terminate}
          <${Button} kind="danger" disabled=${may("delete")} onClick=${act("delete")}>${t("Delete")}${may("delete") ? "" : t("...")}<//>`
      : task.row.actions.includes("terminate")
        ? html`${terminate}${revoke}${retry}`
        : html`${revoke}${retry}${terminate}`}
  </div>`;
}

function Progress({ progress }) {
  if (!progress) return null;
  const share = progress.fraction == null ? null : Math.round(progress.fraction * 100);
  return html`<div class="task-progress">
    <span class="progress" role="progressbar" aria-label=${t("Progress")} aria-valuemin="0" aria-valuemax="100" aria-valuenow=${share ?? undefined}>
      <i style=${{ width: `${share ?? 0}%` }}></i></span>
    <span>${progress.text ?? (progress.total == null ? "" : t("{part} of {whole}", { part: progress.current, whole: progress.total }))}</span>
    ${share == null ? null : html`<span class="ink2">${share}%</span>`}
  </div>`;
}

function Canvas({ task }) {
  const answer = useLive(task.in_canvas ? `tasks/${segment(task.row.id)}/canvas` : null);
  if (!answer.data) return null;
  const { root } = answer.data;
  return html`<section class="task-canvas">
    <${PartHead} title=${t("Canvas")} note=${sumWords(answer.data)}>
      <span class="ink2 small">${t("root")} <code>${root.id.slice(0, 8)}</code></span>
      <${Link} class="small" to=${url(`/tasks/${segment(task.row.id)}/canvas`)}>${t("Open the canvas")}<//>
      <span class="live small"><i class="dot"></i>${t("Live")}</span>
    <//>
    <${CanvasDrawing} canvas=${answer.data} />
  </section>`;
}

function Task({ task, path }) {
  const { row } = task;
  const parted = task.error || row.state === "dead" || row.state === "failed";
  const side = html`<${Arguments} task=${task} />
    ${task.wait && !task.in_canvas
      ? html`<section><${PartHead} title=${t("Canvas")} /><p class="ink2">${t("Not part of a canvas. Nothing follows from it.")}</p></section>`
      : html`<${Result} task=${task} />`}
    <${Relations} task=${task} /><${Headers} task=${task} /><${Usual} usual=${task.usual} />`;
  return html`<div class="task-page">
    <div class="task-head">
      <div class="task-title"><${Mark} of=${row.state} alone size=${16} /><h1><${TaskName} name=${row.task || row.id} /></h1></div>
      <div class="task-id"><code>${row.id}</code><${TextButton} onClick=${() => copyText(row.id)}>${t("Copy")}<//></div>
      <${Buttons} task=${task} />
      <${Facts} task=${task} />
      <${Progress} progress=${task.progress} />
    </div>
    <${Canvas} task=${task} />
    ${task.wait
      ? html`<div class="columns waiting">
          <div><${WhyItWaits} task=${task} onAgain=${() => refresh(path)} /></div>
          <div><${Timeline} task=${task} />${side}</div>
        </div>`
      : parted
        ? html`<div class="columns three">
            <div><${TaskErrorPart} task=${task} /></div>
            <div><${Timeline} task=${task} /></div>
            <div>${side}</div>
          </div>`
        : html`<div class="columns two">
            <div><${Timeline} task=${task} /></div>
            <div>${side}</div>
          </div>`}
  </div>`;
}
