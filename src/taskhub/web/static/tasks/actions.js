/** Acts on tasks: one, selected ones, or all that match. */
import { post, segment } from "../lib/api.js";
import { duration } from "../lib/format.js";
import { splitFilter } from "../lib/filter.js";
import { html, useState } from "../lib/html.js";
import { parts, t } from "../lib/i18n.js";
import { refreshAll } from "../lib/live.js";
import { clock } from "../lib/time.js";
import { ask, openDialog, Question } from "../ui/dialog.js";
import { Mark } from "../ui/mark.js";
import { notify } from "../ui/notice.js";
import { Token } from "./filter-field.js";
import { consequence, reasonText, resultText, skippedText, verbs } from "./texts.js";

const asks = { revoke: true, terminate: true, delete: true };

const questions = {
  revoke: "Revoke {n} {n|task|tasks}?",
  terminate: "Terminate {n} {n|task|tasks}?",
  delete: "Delete {n} {n|task|tasks}?",
};

const leads = {
  revoke: "A revoked task that waits will not run. One that runs goes on.",
  terminate: "The run is interrupted. What it has done so far stays done.",
  delete: "What is kept of them goes, and they cannot be retried any more.",
};

const buttons = {
  retry: "Retry {n} {n|task|tasks}",
  revoke: "Revoke {n} {n|task|tasks}",
  terminate: "Terminate {n} {n|task|tasks}",
  delete: "Delete {n} {n|task|tasks}",
};

/** Act on tasks by their ids; all but a retry ask first. */
export async function actOnSelected(action, ids, after) {
  const act = async () => {
    const result = await post("tasks/actions", { action, ids });
    notify(resultText(result));
    after?.(result);
    refreshAll();
  };
  if (!asks[action]) return act().catch((error) => notify(error.message, "failed"));
  return ask({
    title: t(questions[action], { n: ids.length }), lead: t(leads[action]),
    act: t(buttons[action], { n: ids.length }), kind: "danger", onAct: act,
  });
}

/** Act on one task by its id. */
export function actOnOne(action, id, more = {}) {
  const act = async () => {
    const result = await post(`tasks/${segment(id)}/actions`, { action, ...more });
    notify(resultText(result));
    await refreshAll();
    return result;
  };
  if (!asks[action]) return act().catch((error) => notify(error.message, "failed"));
  return ask({
    title: t(questions[action], { n: 1 }), lead: t(leads[action]),
    act: t(verbs[action]), kind: "danger", onAct: act,
  });
}

/** Count what an act on all that match would do, show it, and begin the job when told to. */
export async function actOnAll(action, filter, after) {
  notify(t("Counting what it acts on."), "busy");
  try {
    const plan = await post("tasks/actions", { action, filter, dry_run: true });
    notify(null);
    openDialog((close) => html`<${Plan} ...${{ action, filter, plan, close, after }} />`);
  } catch (error) {
    notify(error.message, "failed");
  }
}

const titles = {
  retry: "Retry {n} of {all} {all|task|tasks}?",
  revoke: "Revoke {n} of {all} {all|task|tasks}?",
  terminate: "Terminate {n} of {all} {all|task|tasks}?",
  delete: "Delete {n} of {all} {all|task|tasks}?",
};

function planTitle(action, filter, plan) {
  const failed = splitFilter(filter).includes("state:failed");
  const message = failed ? titles[action].replace("{all|task|tasks}", "failed {all|task|tasks}") : titles[action];
  return t(message, { n: plan.acts, all: plan.matched });
}

function Plan({ action, filter, plan, close, after }) {
  const [rate, setRate] = useState("20");
  const limited = action === "retry";
  const begin = async () => {
    const body = { action, filter, before: plan.at };
    if (limited && Number(rate) > 0) body.rate = Number(rate);
    await post("tasks/actions", body);
    after?.();
    refreshAll();
    dispatchEvent(new Event("taskhub:job"));
  };
  return html`<${Question}
    title=${planTitle(action, filter, plan)}
    lead=${t(limited ? "Counted at {time} by a dry run. Tasks that fail after that are not included." : "Counted at {time} by a dry run. Tasks that match only after that are not included.", { time: clock(plan.at) })}
    act=${t(buttons[action], { n: plan.acts })} kind=${action === "delete" ? "danger primary" : "primary"}
    disabled=${plan.acts ? "" : t("No task is left to act on")} onAct=${begin} close=${close}
    left=${limited ? html`<${Rate} value=${rate} onChange=${setRate} />` : null}
  >
    <div class="filter-shown">${splitFilter(filter).map((text) => html`<${Token} text=${text} />`)}</div>
    <table><tbody>
      ${plan.reasons.map((one) => html`<tr><td>${reasonText(one.reason)}</td><td class="right">${t("{n}", { n: one.count })}</td></tr>`)}
      ${plan.skipped.map((one) => html`<tr><td>${skippedText(one.reason)}</td><td class="right">${t("{n}", { n: one.count })}</td></tr>`)}
      <tr class="sum"><td>${t(consequence[action])}</td><td class="right">${t("{n}", { n: plan.acts })}</td></tr>
    </tbody></table>
    ${limited ? plan.queues.filter((queue) => queue.waiting).slice(0, 3).map((queue) => html`<${QueueNote} queue=${queue} />`) : null}
  <//>`;
}

function QueueNote({ queue }) {
  const values = { queue: html`<b>${queue.queue}</b>`, n: queue.waiting };
  return html`<p class="note"><${Mark} of="warning" /><span>
    ${queue.seconds == null
      ? parts("Queue {queue} has {n} waiting.", values)
      : parts("Queue {queue} has {n} waiting. These add about {time} to it.", { ...values, time: duration(queue.seconds) })}
  </span></p>`;
}

function Rate({ value, onChange }) {
  const field = html`<input
    class="field number" inputmode="decimal" aria-label=${t("Tasks a second, at most")} value=${value}
    onInput=${(event) => onChange(event.target.value)}
  />`;
  return html`<span class="rate ink2">${parts("At most {field} a second", { field })}</span>`;
}
