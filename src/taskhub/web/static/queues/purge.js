/** Purging a queue: its name is typed first. */
import { post, segment } from "../lib/api.js";
import { html, useState } from "../lib/html.js";
import { parts, t } from "../lib/i18n.js";
import { refreshAll } from "../lib/live.js";
import { openDialog, Question } from "../ui/dialog.js";
import { notify } from "../ui/notice.js";

function Purge({ queue, close }) {
  const [typed, setTyped] = useState("");
  const n = queue.ready + queue.delayed + queue.rate_limited;
  const purge = async () => {
    const result = await post(`queues/${segment(queue.name)}/actions`, { action: "purge", confirm: typed });
    notify(t("{n} {n|message|messages} purged from {queue}.", { n: result.done, queue: queue.name }));
    refreshAll();
  };
  return html`<${Question}
    title=${t("Purge {n} {n|message|messages} from {queue}?", { n, queue: queue.name })}
    lead=${t("They are deleted and will not run. Running tasks go on.")} act=${t("Purge {n} {n|message|messages}", { n })}
    kind="danger primary" disabled=${typed === queue.name ? "" : t("Type the name of the queue")} onAct=${purge} close=${close}
  >
    <div class="form">
      <label for="purge-name" class="wide">${parts("Type {name} to confirm.", { name: html`<b>${queue.name}</b>` })}</label>
      <input id="purge-name" class="field wide" data-autofocus autocomplete="off" spellcheck="false" value=${typed} onInput=${(event) => setTyped(event.target.value)} />
    </div>
  <//>`;
}

export function askToPurge(queue) {
  openDialog((close) => html`<${Purge} queue=${queue} close=${close} />`);
}
