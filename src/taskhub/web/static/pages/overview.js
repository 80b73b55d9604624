/** The first page: figures, four charts, failing tasks, workers, queues. */
import { query } from "../lib/api.js";
import { Chart } from "../charts/chart.js";
import { age, bytes, count, duration, rate, share, span, wait } from "../lib/format.js";
import { html, useMemo, useState } from "../lib/html.js";
import { parts, t } from "../lib/i18n.js";
import { useKeys } from "../lib/keys.js";
import { useLive } from "../lib/live.js";
import { Link, queueUrl, setParams, url } from "../lib/router.js";
import { between, clock } from "../lib/time.js";
import { Segmented } from "../ui/button.js";
import { Sparkline, Threads } from "../ui/figures.js";
import { HealthStrip } from "../ui/health.js";
import { Mark } from "../ui/mark.js";
import { TaskName } from "../ui/name.js";
import { Empty, Loaded } from "../ui/states.js";

const spans = ["1h", "24h", "72h"];

/** Span that the page's address asks for. */
export const spanOf = (params) => (spans.includes(params.span) ? params.span : "1h");

const hours = (value) => t("{n} h", { n: Number.parseInt(value, 10) });

/** Choice of the span, for the top bar. */
export function SpanChoice({ params }) {
  const choose = (value) => setParams({ span: value === "1h" ? null : value });
  return html`<${Segmented}
    label=${t("Span")} value=${spanOf(params)} onChange=${choose}
    options=${spans.map((value) => [value, hours(value)])}
  />`;
}

export function Overview({ params }) {
  const chosen = spanOf(params);
  const answer = useLive(query("overview", { span: chosen }));
  useKeys(
    Object.fromEntries(
      spans.map((value, at) => [String(at + 1), () => setParams({ span: at ? value : null })]),
    ),
  );
  return html`<${Loaded} answer=${answer}>${(data) =>
    data.empty
      ? html`<${FirstUse} data=${data} />`
      : html`<h1 class="visually-hidden">${t("Overview")}</h1>
          <${HealthStrip} items=${data.health} at=${data.at} />
          <${Figures} data=${data} />
          <div class="span-row"><${SpanChoice} params=${params} /></div>
          <${Charts} series=${data.series} step=${data.series.step} complete=${data.complete} />
          <div class="overview-tables">
            <${Failing} data=${data} />
            <div>
              <${Workers} data=${data} />
              <${Queues} data=${data} />
            </div>
          </div>`}<//>`;
}

function Figure({ mark, name, value, unit, narrowUnit, below, warn, to }) {
  const figure = html`<b class=${warn ? "warn" : ""}>${value}</b>`;
  const content = html`<dt>${mark ? html`<${Mark} of=${mark} />` : null}<span>${name}</span></dt>
    <dd>${to ? html`<${Link} to=${to} class="figure-link" aria-label=${`${name} ${value}`}>${figure}<//>` : figure}${unit ? html` <span class="unit">${unit}</span>` : null}
      ${narrowUnit ? html`<span class="unit narrow-unit">${narrowUnit}</span>` : null}</dd>
    <dd class="below">${below}</dd>`;
  return html`<div class="figure">
    ${content}
  </div>`;
}

function Figures({ data }) {
  const c = data.counts;
  const inSpan = t("in {n} h", { n: Number.parseInt(data.span, 10) });
  const next = (seconds) => (seconds == null ? "" : t("next in {time}", { time: span(seconds) }));
  const tab = (state) => url("/tasks", { filter: `state:${state}` });
  const oldest = c.oldest_wait.seconds;
  return html`<dl class="figures">
    <${Figure}
      mark="waiting" name=${t("Waiting")} value=${count(c.waiting.count)} to=${tab("waiting")}
      below=${t("in {part} of {n} {n|queue|queues}", {
        part: c.waiting.queues, n: c.waiting.queues_total,
      })}
    />
    <${Figure}
      mark="delayed" name=${t("Delayed")} value=${count(c.delayed.count)} to=${tab("delayed")}
      below=${next(c.delayed.next_in)}
    />
    <${Figure}
      mark="running" name=${t("Running")} value=${count(c.running.count)} to=${tab("running")}
      below=${t("of {n} {n|thread|threads}", { n: c.running.threads })}
      narrowUnit=${t("of {n}", { n: c.running.threads })}
    />
    <${Figure}
      mark="retrying" name=${t("Retrying")} value=${count(c.retrying.count)} to=${tab("retrying")}
      below=${next(c.retrying.next_in)}
    />
    <${Figure}
      mark="failed" name=${t("Failed")} value=${count(c.failed.count)} unit=${inSpan}
      to=${url("/tasks", { filter: `state:failed since:${data.span}` })}
      below=${c.failed.last_at ? t("last at {time}", { time: clock(c.failed.last_at) }) : ""}
    />
    <${Figure}
      mark="dead" name=${t("Dead")} value=${count(c.dead.count)}
      to=${url("/tasks", { filter: "state:dead" })}
      below=${c.dead.oldest_at
        ? t("oldest {time}", { time: span(between(c.dead.oldest_at, data.at)) })
        : ""}
    />
    <${Figure}
      name=${t("Ended")} value=${count(c.ended.count)} unit=${inSpan}
      below=${t("{n} a minute now", { n: Math.round(c.ended.per_minute) })}
    />
    <${Figure}
      name=${t("Oldest wait")} value=${oldest == null ? t("wait@none") : wait(oldest)}
      warn=${oldest > 60}
      below=${c.oldest_wait.queue ? t("in {queue}", { queue: c.oldest_wait.queue }) : ""}
    />
    <${Figure}
      name=${t("Late leases")} value=${count(c.late_leases.count)} warn=${c.late_leases.count > 0}
      below=${t("of {n} {n|worker|workers}", { n: c.late_leases.workers })} to=${url("/workers")}
    />
  </dl>`;
}

const times = (values) => ["p50", "p95", "p99"].map((name) => ({
  name, values: values[name], color: `--${name}`, show: (value) => duration(value),
}));

function backlogSeries({ queues, others }) {
  const shown = queues.slice(0, 3).map((queue, at) => ({
    name: queue.name, values: queue.values, color: `--queue${at + 1}`, show: count,
  }));
  if (!others?.count) return shown;
  return [
    ...shown.slice(0, 2),
    {
      name: t("{n} {n|other|others}", { n: others.count }), values: others.values,
      color: "--queue3", show: count,
    },
  ];
}

const perBin = { 60: "Ended per minute, by outcome", 900: "Ended per 15 minutes, by outcome", 3600: "Ended per hour, by outcome" };

function Charts({ series, step, complete }) {
  const [cross, setCross] = useState(null);
  const shared = { start: series.start, step, cross, setCross };
  const outcomes = useMemo(() => {
    const one = (name, key, color, edge) => ({
      name: t(name), values: series.outcomes[key], color, edge, show: count,
    });
    return [
      one("outcome@failed", "failed", "--fill-failed"),
      one("outcome@retried", "retried", "--fill-retried"),
      one("outcome@revoked", "revoked", "--fill-revoked"),
      one("outcome@succeeded", "succeeded", "--fill-succeeded", "--fill-succeeded-edge"),
    ];
  }, [series]);
  const legend = [outcomes[3], outcomes[2], outcomes[1], outcomes[0]];
  const backlog = backlogSeries(series.backlog);
  return html`<div class="charts">
    <${Chart}
      title=${t(perBin[step] ?? "Ended, by outcome")} kind="bars" series=${outcomes}
      note=${complete ? null : t("older counts are still being read")}
      legend=${legend} ...${shared}
    />
    <${Chart}
      title=${t("Wait")} note=${t("log scale")} scale="log" series=${times(series.wait)} ...${shared}
    />
    ${backlog.length
      ? html`<${Chart} title=${t("Backlog, by queue")} series=${backlog} ...${shared} />`
      : html`<figure class="chart"><figcaption><h2>${t("Backlog, by queue")}</h2></figcaption>
          <p class="ink3">${t("No queue held a message.")}</p></figure>`}
    <${Chart}
      title=${t("Run")} note=${t("log scale")} scale="log" series=${times(series.run)} ...${shared}
    />
  </div>`;
}

function Failing({ data }) {
  const { total, items } = data.failing;
  const n = Number.parseInt(data.span, 10);
  const title = total > items.length
    ? t("top ten of {total}, by failures in {n} h", { total, n })
    : t("by failures in {n} h", { n });
  return html`<section class="failing" aria-labelledby="failing">
    <div class="section-head">
      <h2 id="failing">${t("Failing tasks")}</h2><span class="note">${title}</span>
      <span class="grow"></span><${Link} to=${url("/tasks", { filter: "state:failed", group: "task_error" })}>${t("All failures")}<//>
    </div>
    ${items.length
      ? html`<table>
          <thead><tr>
            <th class="task-column">${t("Task")}</th><th>${t("Most frequent error")}</th>
            <th class="right sorted">${t("Failed")}</th>
            <th class="right">${t("Of runs")}</th>
            <th class="right low">${t("In {n} h", { n })}</th>
            <th class="right">${t("Last")}</th>
          </tr></thead>
          <tbody>${items.map((item) => html`<${FailingRow} item=${item} at=${data.at} />`)}</tbody>
        </table>`
      : html`<p class="ink2">${t("No task failed in {n} h.", { n })}</p>`}
  </section>`;
}

function FailingRow({ item, at }) {
  const last = between(item.last_at, at);
  return html`<tr>
    <td class="task-column">
      <${Link} class="plain" to=${url("/tasks", { filter: item.filter, group: "task_error" })}>
        <${TaskName} name=${item.task} />
      <//>
    </td>
    <td class="error-column" title=${item.message}>${item.error}</td>
    <td class="right strong">${count(item.failed)}</td>
    <td class="right ink2">${share(item.failed, item.runs)}</td>
    <td class="right low"><${Sparkline} values=${item.series} kind="bars" /></td>
    <td class="right ink2" title=${t("first seen {time} ago", { time: age(between(item.first_at, at)) })}>${t("last@{time}", { time: age(last) })}</td>
    <td class="narrow-only">
      ${parts("{share} of runs, {time} ago", { share: share(item.failed, item.runs), time: age(last) })}
    </td>
  </tr>`;
}

function Workers({ data }) {
  const { nodes, busy, threads, items } = data.workers;
  return html`<section aria-labelledby="workers" class="overview-workers">
    <div class="section-head">
      <h2 id="workers">${t("Workers")}</h2>
      <span class="note">${t("{n} {n|node|nodes}, {busy} of {threads} {threads|thread|threads} busy", { n: nodes, busy, threads })}</span>
      <span class="grow"></span><${Link} to=${url("/workers")}>${t("All workers")}<//>
    </div>
    ${items.length
      ? html`<table>
          <thead><tr>
            <th>${t("Node")}</th><th class="low">${t("Busy threads")}</th><th class="right"><span class="visually-hidden">${t("Busy")}</span></th>
            <th class="right">${t("Memory")}</th><th class="right">${t("Lease")}</th>
          </tr></thead>
          <tbody>${items.slice(0, 5).map((node) => html`<tr>
            <td class="medium">${node.node}</td>
            <td class="low"><${Threads} busy=${node.busy} total=${node.threads} /></td>
            <td class="right"><b class="medium">${node.busy}</b><span class="ink3"> / ${node.threads}</span></td>
            <td class="right ink2">${bytes(node.memory)}</td>
            <td class=${node.lease > 15 ? "right warn" : "right ink2"}>${node.lease == null ? "" : wait(node.lease)}</td>
          </tr>`)}</tbody>
        </table>`
      : html`<p class="ink2">${t("No worker runs.")}</p>`}
  </section>`;
}

function Queues({ data }) {
  const items = data.queues.items.slice(0, 4);
  return html`<section aria-labelledby="queues" class="busiest">
    <div class="section-head">
      <h2 id="queues">${t("Busiest queues")}</h2>
      <span class="grow"></span><${Link} to=${url("/queues")}>${t("All queues")}<//>
    </div>
    <table>
      <thead><tr>
        <th>${t("Queue")}</th><th class="low"><span class="visually-hidden">${t("Ready")}</span></th>
        <th class="right sorted">${t("Waiting")}</th><th class="right">${t("Oldest")}</th>
        <th class="right">${t("In /s")}</th><th class="right">${t("Out /s")}</th>
      </tr></thead>
      <tbody>${items.map((queue) => html`<tr>
        <td class="medium"><${Link} class="plain" to=${queueUrl(queue.name)}>${queue.name}<//></td>
        <td class="low"><${Sparkline} values=${queue.series} /></td>
        <td class=${queue.ready ? "right medium" : "right zero"}>${count(queue.ready)}</td>
        <td class=${queue.oldest > 60 ? "right warn medium" : "right ink2"}>${wait(queue.oldest)}</td>
        <td class=${queue.in_rate ? "right ink2" : "right zero"}>${rate(queue.in_rate)}</td>
        <td class=${queue.out_rate ? "right ink2" : "right zero"}>${rate(queue.out_rate)}</td>
      </tr>`)}</tbody>
    </table>
  </section>`;
}

function FirstUse({ data }) {
  const [path, name] = [data.example?.replace(/\.[^.]*$/, ""), data.example?.split(".").pop()];
  const nodes = data.workers.nodes;
  const queues = data.queues.items.map((queue) => queue.name).slice(0, 3).join(", ");
  const ready = nodes
    ? t("{n} {n|worker is|workers are} ready on {queues}. This page fills with the first task:", { n: nodes, queues })
    : t("No worker runs yet. This page fills with the first task:");
  return html`<div class="first-use">
    <${Empty} title=${t("No task yet.")}>${ready}<//>
    <pre class="code-box"><span class="ink2">from</span>${` ${path ?? "shop.tasks"} `}<span
      class="ink2">import</span>${` ${name ?? "send"}\n\n${name ?? "send"}.delay()`}</pre>
  </div>`;
}
