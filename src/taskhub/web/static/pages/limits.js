/** Limits: rates of tasks, what they hold back, and changing them. */
import { put, segment } from "../lib/api.js";
import { count, span, splitName } from "../lib/format.js";
import { html, useState } from "../lib/html.js";
import { t } from "../lib/i18n.js";
import { refreshAll, useLive } from "../lib/live.js";
import { Link, url } from "../lib/router.js";
import { useDenial } from "../lib/session.js";
import { between } from "../lib/time.js";
import { rateWords } from "../queues/pane.js";
import { Button } from "../ui/button.js";
import { openDialog, Question } from "../ui/dialog.js";
import { TaskName } from "../ui/name.js";
import { notify } from "../ui/notice.js";
import { Loaded } from "../ui/states.js";

export function Limits() {
  const answer = useLive("limits");
  const denial = useDenial();
  return html`<${Loaded} answer=${answer}>${(page) => html`
    <div class="page-head"><h1>${t("Limits")}</h1><span class="ink2">${summary(page)}</span></div>
    <${Rates} page=${page} why=${denial("limits.change")} />`}<//>`;
}

function summary({ rates }) {
  const waiting = rates.reduce((sum, one) => sum + one.waiting, 0);
  return [
    t("{n} {n|rate|rates}", { n: rates.filter((one) => one.rate).length }),
    t("{n} {n|message is|messages are} held back", { n: waiting }),
  ].join(t("list@, "));
}

const waitingTasks = (task) => url("/tasks", { filter: `task:${task} state:waiting` });

function Rates({ page, why }) {
  if (!page.rates.length) {
    return html`<section class="limits-section"><h2>${t("Rates")}</h2>
      <p class="ink2">${t("No task has a rate limit. A program sets one with rate_limit, and it can be changed here.")}</p></section>`;
  }
  return html`<section class="limits-section">
    <h2>${t("Rates")}</h2>
    <table class="limits">
      <thead><tr>
        <th class="limit-name">${t("Task")}</th><th class="right">${t("Rate")}</th><th class="low declared">${t("Declared")}</th>
        <th class="right sorted">${t("Held back")}</th><th class="right low">${t("Next may start")}</th>
        <th class="right low">${t("In the bucket")}</th><th class="acts"><span class="visually-hidden">${t("Acts")}</span></th>
      </tr></thead>
      <tbody>${page.rates.map((one) => html`<tr class="hoverable">
        <td class="limit-name"><${Link} class="plain" to=${waitingTasks(one.task)}><${TaskName} name=${one.task} /><//></td>
        <td class="right medium">${rateWords(one.rate)}</td>
        <td class="ink2 low declared">${one.changed ? t("{rate}, changed here", { rate: one.declared ? rateWords(one.declared) : t("none") }) : t("as declared")}</td>
        <td data-label=${t("Held back")} class=${one.waiting ? "right medium" : "right zero"}>${count(one.waiting)}</td>
        <td class="right ink2 low">${one.next_at ? t("in {time}", { time: span(Math.max(between(page.at, one.next_at), 0)) }) : one.rate && !one.waiting ? t("now") : ""}</td>
        <td class="right ink2 low">${one.tokens == null ? "" : Number(one.tokens.toFixed(1))}</td>
        <td class="acts"><${Button} kind="small" disabled=${why} onClick=${() => change(one)}>${t("Change...")}<//></td>
      </tr>`)}</tbody>
    </table>
  </section>`;
}

function Change({ limit, close }) {
  const [text, setText] = useState(String(limit.rate ?? ""));
  const name = splitName(limit.task)[1];
  const right = text === "" || /^\d+(\.\d+)?\/[smh]$/.test(text);
  const save = async () => {
    await put(`limits/rates/${segment(limit.task)}`, { rate: text || null });
    notify(t("The limit of {name} is changed.", { name }));
    refreshAll();
  };
  return html`<${Question}
    title=${t("Change the limit of {name}", { name })} act=${t("Change")} close=${close} onAct=${save}
    lead=${t("It holds for all workers, also for what waits already.")}
    disabled=${right ? "" : t("A rate is written 2/s, 30/m or 100/h")}
  ><div class="form">
    <label for="limit-value">${t("Rate")}</label>
    <input id="limit-value" class="field" data-autofocus value=${text} placeholder=${t("no limit")} onInput=${(event) => setText(event.target.value.trim())} />
    <p class="wide ink2">${t("Written 2/s, 30/m or 100/h; empty is no limit.")}</p>
  </div><//>`;
}

function change(limit) {
  openDialog((close) => html`<${Change} limit=${limit} close=${close} />`);
}
