/** One queue: its priorities, what starts next, its rates. */
import { segment } from "../lib/api.js";
import { Chart } from "../charts/chart.js";
import { count, rate, span, splitName, wait } from "../lib/format.js";
import { html, useMemo, useState } from "../lib/html.js";
import { t } from "../lib/i18n.js";
import { useLive } from "../lib/live.js";
import { Link, url } from "../lib/router.js";
import { day } from "../lib/time.js";
import { PlacedTasks } from "../task/why.js";
import { useQueueActions } from "./actions.js";
import { Button } from "../ui/button.js";
import { Loaded } from "../ui/states.js";

export function QueuePane({ name }) {
  const answer = useLive(`queues/${segment(name)}`);
  return html`<section class="pane" aria-label=${name}><${Loaded} answer=${answer}>${(detail) => html`
    <div class="pane-left"><${Left} detail=${detail} /></div>
    <div class="pane-right">
      <div class="section-head"><h2>${t("Next to start")}</h2><span class="note">${t("by priority, then age")}</span>
        <span class="grow"></span><${Link} class="small" to=${url("/tasks", { filter: `queue:${name} state:waiting` })}>${t("All {n} in Tasks", { n: detail.queue.ready + detail.queue.rate_limited })}<//></div>
      ${detail.next.length
        ? html`<${PlacedTasks} items=${detail.next.slice(0, 6)} marked />`
        : html`<p class="ink2">${t("Nothing waits in {queue}.", { queue: name })}</p>`}
      <${Rates} series=${detail.series} />
    </div>`}<//></section>`;
}

function Rates({ series }) {
  const [cross, setCross] = useState(null);
  const lines = useMemo(() => [
    { name: t("rate@in"), values: series.in_rate, color: "--queue1", show: rate },
    { name: t("rate@out"), values: series.out_rate, color: "--queue3", show: rate },
  ], [series]);
  return html`<${Chart}
    title=${t("In and out a second")} series=${lines} start=${series.start} step=${series.step}
    cross=${cross} setCross=${setCross} whole=${false} height=${120} label=${(value) => String(Number(value.toFixed(2)))}
  />`;
}

function Left({ detail }) {
  const { queue, priorities } = detail;
  const actions = useQueueActions();
  const most = Math.max(...priorities.map((one) => one.ready), 1);
  const act = queue.paused ? "resume" : "pause";
  return html`
    <div class="section-head"><h1>${queue.name}</h1>
      <span class="ink2">${t("{ready} ready, {running} running", { ready: queue.ready, running: queue.running })}${queue.rate_limited ? t("list@, ") + t("{n} rate limited", { n: queue.rate_limited }) : ""}</span></div>
    <table class="priorities">
      <thead><tr><th class="right">${t("Priority")}</th><th><span class="visually-hidden">${t("Share")}</span></th><th class="right sorted">${t("Ready")}</th><th class="right">${t("Oldest")}</th></tr></thead>
      <tbody>${priorities.map((one) => html`<tr>
        <td class="right ink2">${one.priority}</td>
        <td><i class="bar" style=${{ width: one.ready ? `max(3px, ${(100 * one.ready) / most}%)` : "0" }}></i></td>
        <td class=${one.ready ? "right medium" : "right zero"}>${count(one.ready)}</td>
        <td class="right ink2">${one.ready && one.oldest != null ? wait(one.oldest) : ""}</td>
      </tr>`)}</tbody>
    </table>
    <dl class="pairs">
      ${detail.limits.length
        ? html`<dt>${t("Limits")}</dt><dd>${detail.limits.slice(0, 3).map((limit) => html`<div>
            ${t("{task} {rate}", { task: splitName(limit.task)[1], rate: rateWords(limit.rate) })}${t("list@, ")}<${Link} to=${url("/limits")}>${t("change")}<//>
          </div>`)}</dd>`
        : null}
      ${detail.empty_in == null ? null : html`<dt>${t("Empty in")}</dt><dd>${t("{time}, at the rates of the last minute", { time: span(detail.empty_in).split(" ")[0] })}</dd>`}
      ${detail.first_seen ? html`<dt>${t("First seen")}</dt><dd>${day(detail.first_seen, "iso")}</dd>` : null}
    </dl>
    <div class="pane-buttons">
      <${Button} disabled=${actions.why(act)} onClick=${() => actions.toggle(queue)}>${queue.paused ? t("Resume") : t("Pause")}<//>
      <${Button} kind="danger" disabled=${actions.why("purge") || (queue.ready + queue.delayed + queue.rate_limited ? "" : t("Nothing waits in it"))} onClick=${() => actions.purge(queue)}>${t("Purge...")}<//>
      <span class="ink2 small">${t("Purge asks for the queue's name")}</span>
    </div>`;
}

const per = { s: "{n} a second", m: "{n} a minute", h: "{n} an hour" };

/** A rate in words: "2/s" is "2 a second". */
export function rateWords(text) {
  const found = /^([\d.]+)\/([smh])$/.exec(text ?? "");
  return found ? t(per[found[2]], { n: Number(found[1]) }) : (text ?? t("no limit"));
}
