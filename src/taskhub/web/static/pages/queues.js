/** Queues, and one of them below the list. */
import { query } from "../lib/api.js";
import { count, rate, span, wait } from "../lib/format.js";
import { keepOrder, useHeld } from "../lib/hold.js";
import { html, useRef, useState } from "../lib/html.js";
import { t } from "../lib/i18n.js";
import { useKeys } from "../lib/keys.js";
import { useLive } from "../lib/live.js";
import { Link, navigate, queueUrl, setParams, url } from "../lib/router.js";
import { between } from "../lib/time.js";
import { useQueueActions } from "../queues/actions.js";
import { QueuePane } from "../queues/pane.js";
import { Button } from "../ui/button.js";
import { Sparkline } from "../ui/figures.js";
import { Mark } from "../ui/mark.js";
import { MenuButton } from "../ui/popover.js";
import { Empty, Loaded } from "../ui/states.js";

export function Queues({ params, name }) {
  const [part, setPart] = useState(params.name ?? "");
  const answer = useLive(query("queues", {
    name: params.name, sort: params.sort, order: params.order, cursor: params.cursor, limit: 50,
  }));
  const input = useRef(null);
  const held = useHeld(answer.data, {
    why: null, key: JSON.stringify(params), countNewer: () => 0, merge: keepOrder("name"),
  });
  useKeys({ f: () => input.current.focus() });
  const find = (event) => {
    setPart(event.target.value);
    setParams({ name: event.target.value, cursor: null });
  };
  return html`<${Loaded} answer=${{ ...answer, data: held.data }}>${(page) => {
    const chosen = name ?? page.items[0]?.name;
    return html`
      <div class="page-head">
        <h1>${t("Queues")}</h1><span class="ink2">${summary(page.summary)}</span><span class="grow"></span>
        <span class="with-key"><input
          ref=${input} class="field" placeholder=${t("Name of a queue")} aria-label=${t("Name of a queue")}
          value=${part} onInput=${find} autocomplete="off" spellcheck="false"
        /><kbd aria-hidden="true">F</kbd></span>
      </div>
      ${page.items.length
        ? html`<div ...${held.props}><${Table} page=${page} chosen=${chosen} /></div>`
        : html`<${Empty} title=${params.name ? t("No queue has that name.") : t("No queue yet.")}>
            ${params.name ? "" : t("A queue appears with its first message, or with a worker that serves it.")}
          <//>`}
      ${page.next || page.previous
        ? html`<p class="more-pages">
            ${page.previous ? html`<${Link} to=${url("/queues", { ...params, cursor: page.previous })}>${t("Back")}<//>` : null}
            ${page.next ? html`<${Link} to=${url("/queues", { ...params, cursor: page.next })}>${t("More queues")}<//>` : null}
          </p>`
        : null}
      ${chosen ? html`<${QueuePane} key=${chosen} name=${chosen} />` : null}`;
  }}<//>`;
}

function summary({ total, served, paused, unserved, empty }) {
  const parts = [
    [served, "{n} served"], [paused, "{n} paused"], [unserved, "{n} unserved"], [empty, "{n} empty"],
  ].filter(([n]) => n).map(([n, text]) => t(text, { n }));
  const all = t("{n} {n|queue|queues}", { n: total });
  return parts.length ? `${all}${t("list@: ")}${parts.join(t("list@, "))}` : all;
}

const columns = [
  ["Queue", "column-name", "name"], ["State", "column-state", null], ["Ready, 1 h", "right low column-series", null],
  ["Ready", "right column-ready", "ready"], ["Delayed", "right low column-count", "delayed"],
  ["Rate limited", "right low column-count", "rate_limited"], ["Running", "right low column-count", "running"],
  ["Oldest", "right column-oldest", "oldest"], ["In /s", "right low column-rate", "in_rate"],
  ["Out /s", "right low column-rate", "out_rate"], ["Served by", "served low", null],
];

/** The column of what rate limits hold back stands only where they hold something back. */
const shownColumns = (limited) => columns.filter(([, , by]) => limited || by !== "rate_limited");

function Table({ page, chosen }) {
  const rows = useRef(null);
  const actions = useQueueActions();
  const move = (step) => {
    const all = [...rows.current.querySelectorAll("tr")];
    const at = all.indexOf(document.activeElement.closest("tr"));
    all[Math.min(Math.max(at + step, 0), all.length - 1)]?.focus();
  };
  const focused = () => page.items.find((queue) => queue.name === document.activeElement?.closest?.("tr")?.dataset.key);
  const onFocused = (act) => (event) => {
    const queue = focused();
    return !queue || (event.key === "Enter" && event.target.closest("a, button")) ? false : act(queue);
  };
  useKeys({
    j: () => move(1), k: () => move(-1), ArrowDown: () => (focused() ? move(1) : false), ArrowUp: () => (focused() ? move(-1) : false),
    Enter: onFocused((queue) => navigate(queueUrl(queue.name), { keep: true })),
    p: onFocused((queue) => (actions.why(queue.paused ? "resume" : "pause") ? false : actions.toggle(queue))),
  });
  const params = Object.fromEntries(new URLSearchParams(location.search));
  const sort = params.sort ?? "ready";
  const limited = page.items.some((queue) => queue.rate_limited);
  return html`<table class=${limited ? "queues with-limited" : "queues"}>
    <thead><tr>
      ${shownColumns(limited).map(([text, kind, by]) => html`<th class=${`${kind} ${sort === by ? "sorted" : ""}`} aria-sort=${sort === by ? (params.order === "asc" ? "ascending" : "descending") : undefined}>
        ${by ? html`<button type="button" class="sort" onClick=${() => setParams({ sort: by === "ready" ? null : by, order: sort === by && params.order !== "asc" ? "asc" : null })}>${t(text)}</button>` : t(text)}
      </th>`)}
      <th class="acts"><span class="visually-hidden">${t("Acts")}</span></th>
    </tr></thead>
    <tbody ref=${rows}>${page.items.map((queue) => html`<${Row}
      key=${queue.name} queue=${queue} at=${page.at} chosen=${queue.name === chosen} actions=${actions} limited=${limited}
    />`)}</tbody>
  </table>`;
}

function State({ queue, at }) {
  if (queue.paused) {
    const since = queue.paused.since ? span(between(queue.paused.since, at)).split(" ")[0] : "";
    return html`<span class="warn"><${Mark} of="paused" /> <b class="medium">${t("Paused")}</b> ${queue.paused.by ? t("{time} by {who}", { time: since, who: queue.paused.by }) : since}</span>`;
  }
  if (queue.state === "unserved") return html`<span class="warn medium"><${Mark} of="warning" /> ${t("Unserved")}</span>`;
  if (queue.state === "empty") return html`<span class="ink2"><${Mark} of="none" /> ${t("Empty, unserved")}</span>`;
  return html`<span class="ink2"><${Mark} of="check" /> ${t("Served")}</span>`;
}

function Row({ queue, at, chosen, actions, limited }) {
  const empty = queue.state === "empty" && !queue.paused;
  const unused = !queue.served_by.length && !(queue.ready + queue.delayed + queue.rate_limited + queue.running);
  const main = empty
    ? html`<${Button} kind="small" disabled=${actions.why("forget")} onClick=${() => actions.act(queue, "forget")}>${t("Forget")}<//>`
    : queue.paused
      ? html`<${Button} kind="small primary" disabled=${actions.why("resume")} onClick=${() => actions.toggle(queue)}>${t("Resume")}<//>`
      : html`<${Button} kind="small" disabled=${actions.why("pause")} onClick=${() => actions.toggle(queue)}>${t("Pause")}<//>`;
  const items = [
    { text: t("Messages in Tasks"), onClick: () => navigate(url("/tasks", { filter: `queue:${queue.name}` })) },
    ...(empty ? [{ text: t("Pause"), disabled: actions.why("pause"), onClick: () => actions.act(queue, "pause") }] : []),
    { text: t("Purge..."), danger: true, disabled: actions.why("purge") || (queue.ready + queue.delayed + queue.rate_limited ? "" : t("Nothing waits in it")), onClick: () => actions.purge(queue) },
    ...(empty ? [] : [{ text: t("Forget"), disabled: actions.why("forget") || (unused ? "" : t("Only an empty queue that no worker serves")), onClick: () => actions.act(queue, "forget") }]),
  ];
  const open = (event) => event.target.closest("button, a, .popover") || navigate(queueUrl(queue.name), { keep: true });
  return html`<tr class=${chosen ? "hoverable selected" : "hoverable"} tabindex="-1" data-key=${queue.name} onClick=${open}>
    <td class="medium column-name"><${Link} class="plain" to=${queueUrl(queue.name)} aria-current=${chosen ? "true" : undefined}>${queue.name}<//></td>
    <td class="nowrap column-state"><${State} queue=${queue} at=${at} /></td>
    <td class="right low column-series"><${Sparkline} values=${queue.series} /></td>
    <td class=${queue.ready ? "right medium column-ready" : "right zero column-ready"}>${count(queue.ready)}</td>
    <td class=${queue.delayed ? "right low" : "right low zero"}>${count(queue.delayed)}</td>
    ${limited ? html`<td class=${queue.rate_limited ? "right low" : "right low zero"}>${count(queue.rate_limited)}</td>` : null}
    <td class=${queue.running ? "right low" : "right low zero"}>${count(queue.running)}</td>
    <td class=${`right column-oldest ${queue.oldest > 60 ? "warn medium" : "ink2"}`}>${queue.oldest == null ? "" : wait(queue.oldest)}</td>
    <td class=${`right low column-rate ${queue.in_rate ? "" : "zero"}`}>${rate(queue.in_rate)}</td>
    <td class=${`right low column-rate ${queue.out_rate ? "" : "zero"}`}>${rate(queue.out_rate)}</td>
    <td class=${`served low ${queue.state === "unserved" ? "warn" : "ink2"}`} title=${queue.served_by.join(", ")}>${served(queue)}</td>
    <td class="acts"><span class="row-buttons">${main}<${MenuButton} text=${t("More...")} label=${t("More about {name}", { name: queue.name })} items=${items} /></span></td>
  </tr>`;
}

function served(queue) {
  const nodes = queue.served_by;
  if (!nodes.length) return t("no worker");
  const shown = nodes.slice(0, 2).join(t("list@, "));
  return nodes.length > 2 ? t("{nodes} and {n} more", { nodes: shown, n: nodes.length - 2 }) : shown;
}

