/** Acts on worker nodes. */
import { post, segment } from "../lib/api.js";
import { html, useState } from "../lib/html.js";
import { t } from "../lib/i18n.js";
import { refreshAll } from "../lib/live.js";
import { ask, openDialog, Question } from "../ui/dialog.js";
import { attempt, notify } from "../ui/notice.js";

const send = (node, action, more = {}) => post(`workers/${segment(node)}/actions`, { action, ...more });

const done = {
  drain: "{node} takes no new task.",
  resume: "{node} takes tasks again.",
  stop: "{node} stops when its tasks have ended.",
  grow: "{node} starts a process.",
  shrink: "{node} ends a process.",
  add_queue: "{node} serves another queue.",
  cancel_queue: "{node} serves a queue less.",
  replace: "{node} replaces its processes one by one.",
};

const questions = {
  drain: ["Drain {node}?", "It finishes what it runs and takes no new task. Resume ends that.", "Drain"],
  stop: ["Stop {node}?", "It finishes what it runs and ends. Its service manager may start it again.", "Stop"],
  replace: ["Replace the processes of {node}?", "Each gets a successor first, then finishes what it runs.", "Replace"],
};

function finish(node, action) {
  notify(t(done[action], { node }));
  refreshAll();
}

function QueueQuestion({ node, action, queues, close }) {
  const [queue, setQueue] = useState(action === "cancel_queue" ? (queues[0] ?? "") : "");
  const add = action === "add_queue";
  return html`<${Question}
    title=${add ? t("Add a queue to {node}", { node }) : t("Cancel a queue of {node}", { node })}
    act=${add ? t("Add") : t("Cancel the queue")} close=${close} disabled=${queue ? "" : t("Name a queue")}
    onAct=${async () => (await send(node, action, { queue }), finish(node, action))}
  ><div class="form"><label for="worker-queue">${t("Queue")}</label>
    ${add
      ? html`<input id="worker-queue" class="field" data-autofocus value=${queue} onInput=${(event) => setQueue(event.target.value)} />`
      : html`<select id="worker-queue" class="field" value=${queue} onChange=${(event) => setQueue(event.target.value)}>${queues.map((name) => html`<option>${name}</option>`)}</select>`}
  </div><//>`;
}

/** Tell a node what to do; ask first where that takes work away. */
export function actOnWorker(worker, action) {
  const { node } = worker;
  if (action === "add_queue" || action === "cancel_queue") {
    openDialog((close) => html`<${QueueQuestion} node=${node} action=${action} queues=${worker.queues} close=${close} />`);
  } else if (questions[action]) {
    const [title, lead, act] = questions[action];
    ask({
      title: t(title, { node }), lead: t(lead), act: t(act), kind: action === "replace" ? "primary" : "danger primary",
      onAct: async () => (await send(node, action), finish(node, action)),
    });
  } else {
    const more = action === "grow" || action === "shrink" ? { count: 1 } : {};
    attempt(() => send(node, action, more), () => t(done[action], { node })).then(refreshAll);
  }
}
