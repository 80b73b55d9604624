/** Retry of a task with edited arguments. */
import { html, useState } from "../lib/html.js";
import { t } from "../lib/i18n.js";
import { openDialog, Question } from "../ui/dialog.js";
import { post, segment } from "../lib/api.js";
import { refreshAll } from "../lib/live.js";
import { notify } from "../ui/notice.js";
import { resultText } from "../tasks/texts.js";
import { navigate, taskUrl } from "../lib/router.js";

/** Value of a JSON text, or why it is not one of that kind. */
function parse(text, isRight, wrong) {
  let value;
  try {
    value = JSON.parse(text);
  } catch (error) {
    return { error: t("Not JSON: {detail}", { detail: error.message }) };
  }
  return isRight(value) ? { value } : { error: wrong };
}

function Edited({ task, close }) {
  const editable = task.arguments.editable ?? { args: [], kwargs: {} };
  const [args, setArgs] = useState(JSON.stringify(editable.args));
  const [kwargs, setKwargs] = useState(JSON.stringify(editable.kwargs, null, 2));
  const [queue, setQueue] = useState(task.row.queue ?? "");
  const list = parse(args, Array.isArray, t("Positional arguments are a list: [1, \"a\"]."));
  const named = parse(
    kwargs, (value) => value !== null && typeof value === "object" && !Array.isArray(value),
    t("Named arguments are an object of names and values."),
  );
  const wrong = list.error ?? named.error;
  const send = async () => {
    const body = { action: "retry", args: list.value, kwargs: named.value };
    if (queue && queue !== task.row.queue) body.queue = queue;
    const result = await post(`tasks/${segment(task.row.id)}/actions`, body);
    notify(resultText(result));
    if (result.ids[0] && result.ids[0] !== task.row.id) navigate(taskUrl(result.ids[0]));
    else refreshAll();
  };
  return html`<${Question}
    title=${t("Retry with edited arguments")} act=${t("Retry")} onAct=${send} close=${close}
    lead=${t("The task is sent again with these arguments, as JSON.")} disabled=${wrong ?? ""}
  >
    <div class="form">
      <label for="edit-args">${t("Positional")}</label>
      <textarea id="edit-args" class="field" rows="2" spellcheck="false" value=${args} onInput=${(event) => setArgs(event.target.value)}></textarea>
      <label for="edit-kwargs">${t("Named")}</label>
      <textarea id="edit-kwargs" class="field" rows="8" spellcheck="false" value=${kwargs} onInput=${(event) => setKwargs(event.target.value)}></textarea>
      <label for="edit-queue">${t("Queue")}</label>
      <input id="edit-queue" class="field" value=${queue} onInput=${(event) => setQueue(event.target.value)} />
      ${wrong ? html`<p class="wide form-error" role="alert">${wrong}</p>` : null}
    </div>
  <//>`;
}

export function editAndRetry(task) {
  openDialog((close) => html`<${Edited} task=${task} close=${close} />`);
}
