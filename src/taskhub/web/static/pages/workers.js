/** Workers: nodes, their processes, and what these run. */
import { query } from "../lib/api.js";
import { useHeld } from "../lib/hold.js";
import { html, useState } from "../lib/html.js";
import { t } from "../lib/i18n.js";
import { useLive } from "../lib/live.js";
import { setParams } from "../lib/router.js";
import { Segmented } from "../ui/button.js";
import { Empty, Loaded } from "../ui/states.js";
import { NodeRows } from "../workers/node.js";

export function Workers({ params }) {
  const [open, setOpen] = useState(new Set());
  const rows = open.size ? 200 : 2;
  const answer = useLive(query("workers", { rows }));
  const byHost = params.group === "host";
  const byThread = params.order === "thread";
  const held = useHeld(answer.data, { why: null, key: rows, countNewer: countStarted });
  return html`<${Loaded} answer=${{ ...answer, data: held.data }}>${(page) => html`
    <div class="page-head">
      <h1>${t("Workers")}</h1><span class="ink2">${summary(page.summary)}</span><span class="grow"></span>
      <span class="ink2 small">${t("Group")}</span>
      <${Segmented} label=${t("Group")} value=${byHost ? "host" : "node"} options=${[["node", t("Node")], ["host", t("Host")]]} onChange=${(value) => setParams({ group: value === "host" ? value : null })} />
      <${Segmented} label=${t("Order")} value=${byThread ? "thread" : "longest"} options=${[["longest", t("Longest first")], ["thread", t("Thread")]]} onChange=${(value) => setParams({ order: value === "thread" ? value : null })} />
    </div>
    ${page.items.length
      ? html`<table class="workers" ...${held.props}>
          <thead><tr>
            <th class="process">${t("Node, process")}</th><th class="runs-column">${t("column@Runs")}</th><th class="id low">${t("Id")}</th>
            <th class="low">${t("Arguments")}</th><th class="right memory">${t("Memory")}</th>
            <th class="right limit">${t("Has run, to its soft and hard limit")}</th><th class="acts"><span class="visually-hidden">${t("Acts")}</span></th>
          </tr></thead>
          ${ordered(page.items, byHost).map(([host, workers]) => html`<tbody key=${host}>
            ${byHost ? html`<tr class="host-row"><td colspan="7"><b>${host}</b></td></tr>` : null}
            ${workers.map((worker) => html`<${NodeRows}
              key=${worker.node} worker=${worker} at=${page.at} byThread=${byThread} open=${open}
              onOpen=${(key) => setOpen(new Set([...open, key]))}
            />`)}
          </tbody>`)}
        </table>`
      : html`<${Empty} title=${t("No worker runs.")}>${t("Start one with: taskhub worker")}<//>`}`}<//>`;
}

const runningIds = (page) =>
  page.items.flatMap((worker) => worker.processes.flatMap((process) => process.running.map((run) => run.id)));

/** How many tasks of a newer answer were not running in the one that is shown. */
function countStarted(shown, newest) {
  const known = new Set(runningIds(shown));
  return runningIds(newest).filter((id) => !known.has(id)).length;
}

/** Workers by host, or all in one list; the busiest first. */
function ordered(items, byHost) {
  if (!byHost) return [["", items]];
  const hosts = new Map();
  for (const worker of items) hosts.set(worker.host, [...(hosts.get(worker.host) ?? []), worker]);
  return [...hosts].sort(([a], [b]) => (a < b ? -1 : 1));
}

function summary({ nodes, hosts, processes, threads, busy, versions }) {
  const parts = [
    t("{n} {n|node|nodes} on {hosts}", { n: nodes, hosts: t("{n} {n|host|hosts}", { n: hosts }) }),
    t("{n} {n|process|processes}", { n: processes }),
    t("{busy} of {threads} {threads|thread|threads} busy", { busy, threads }),
  ];
  if (versions.length === 1) parts.push(t("all version {version}", { version: versions[0] }));
  else if (versions.length) parts.push(t("versions {versions}", { versions: versions.join(t("list@, ")) }));
  return parts.join(t("list@, "));
}
