/** Limits: rates of tasks and concurrency by key, what they hold back, and changing them. */
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
    <${Rates} page=${page} why=${denial("limits.change")} />
    <${Concurrency} items=${page.concurrency} why=${denial("limits.change")} />`}<//>`;
}

function summary({ rates, concurrency }) {
  const waiting = [...rates, ...concurrency].reduce((sum, one) => sum + one.waiting, 0);
  return [
    t("{n} {n|rate|rates}", { n: rates.filter((one) => one.rate).length }),
    t("{n} concurrency {n|limit|limits}", { n: concurrency.length }),
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
        <td class="acts"><${Button} kind="small" disabled=${why} onClick=${() => change(one, "rate")}>${t("Change...")}<//></td>
      </tr>`)}</tbody>
    </table>
  </section>`;
}

function Concurrency({ items, why }) {
  return html`<section class="limits-section">
    <h2>${t("Concurrency")}</h2>
    ${items.length
      ? html`<table class="limits">
          <thead><tr>
            <th class="limit-name">${t("Key")}</th><th class="low">${t("Task")}</th><th class="right">${t("At most")}</th>
            <th class="right">${t("column@Run now")}</th><th class="right sorted">${t("Held back")}</th><th class="acts"><span class="visually-hidden">${t("Acts")}</span></th>
          </tr></thead>
          <tbody>${items.map((one) => html`<tr class="hoverable">
            <td class="medium limit-name"><code>${one.key}</code></td>
            <td class="low">${one.task ? html`<${TaskName} name=${one.task} />` : null}</td>
            <td class="right medium" data-label=${t("At most")}>${one.limit ?? t("no limit")}</td>
            <td data-label=${t("column@Run now")} class=${one.limit != null && one.held >= one.limit ? "right warn medium" : one.held ? "right" : "right zero"}>${count(one.held)}</td>
            <td data-label=${t("Held back")} class=${one.waiting ? "right medium" : "right zero"}>${count(one.waiting)}</td>
            <td class="acts"><${Button} kind="small" disabled=${why} onClick=${() => change(one, "concurrency")}>${t("Change...")}<//></td>
          </tr>`)}</tbody>
        </table>`
      : html`<p class="ink2">${t("No key has a concurrency limit.")}</p>`}
  </section>`;
}

function Change({ limit, kind, close }) {
  const rate = kind === "rate";
  const [text, setText] = useState(String((rate ? limit.rate : limit.limit) ?? ""));
  const name = rate ? splitName(limit.task)[1] : limit.key;
  const right = text === "" || (rate ? /^\d+(\.\d+)?\/[smh]$/ : /^\d+$/).test(text);
  const save = async () => {
    if (rate) await put(`limits/rates/${segment(limit.task)}`, { rate: text || null });
    else await put(`limits/concurrency/${segment(limit.key)}`, { limit: text === "" ? null : Number(text) });
    notify(t("The limit of {name} is changed.", { name }));
    refreshAll();
  };
  return html`<${Question}
    title=${t("Change the limit of {name}", { name })} act=${t("Change")} close=${close} onAct=${save}
    lead=${rate ? t("It holds for all workers, also for what waits already.") : t("What runs beyond a lower limit goes on.")}
    disabled=${right ? "" : rate ? t("A rate is written 2/s, 30/m or 100/h") : t("A limit is a whole number")}
  ><div class="form">
    <label for="limit-value">${rate ? t("Rate") : t("At most")}</label>
    <input id="limit-value" class="field" data-autofocus value=${text} placeholder=${t("no limit")} onInput=${(event) => setText(event.target.value.trim())} />
    <p class="wide ink2">${rate ? t("Written 2/s, 30/m or 100/h; empty is no limit.") : t("Empty is no limit.")}</p>
  </div><//>`;
}

function change(limit, kind) {
  openDialog((close) => html`<${Change} limit=${limit} kind=${kind} close=${close} />`);
}
