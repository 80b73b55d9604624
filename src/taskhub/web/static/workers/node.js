/** One node of the Workers page: its head, and what each process runs. */
import { bytes, lasting, setting, span, wait } from "../lib/format.js";
import { html } from "../lib/html.js";
import { t } from "../lib/i18n.js";
import { Link, taskUrl } from "../lib/router.js";
import { useDenial } from "../lib/session.js";
import { between } from "../lib/time.js";
import { Excerpt } from "../tasks/row.js";
import { Button, TextButton } from "../ui/button.js";
import { LimitBar, Threads } from "../ui/figures.js";
import { Mark } from "../ui/mark.js";
import { TaskId, TaskName } from "../ui/name.js";
import { MenuButton } from "../ui/popover.js";
import { actOnWorker } from "./actions.js";

const menu = [
  ["grow", "Add a process"],
  ["shrink", "End a process"],
  ["add_queue", "Add a queue..."],
  ["cancel_queue", "Cancel a queue..."],
  ["replace", "Replace processes..."],
  ["stop", "Stop..."],
];

const stateWords = {
  draining: "Draining, takes no new task",
  stopping: "Stopping, takes no new task",
  silent: "Does not answer, known by its lease",
};

function Buttons({ worker }) {
  const denial = useDenial();
  const why = (action) =>
    denial(`workers.${action}`) || (worker.actions.includes(action) ? "" : t("This worker cannot be told that"));
  const act = (action) => () => actOnWorker(worker, action);
  if (worker.state === "draining") {
    return html`<span class="row-buttons">
      <${Button} kind="small" disabled=${why("resume")} onClick=${act("resume")}>${t("Resume")}<//>
      <${Button} kind="small" disabled=${why("stop")} onClick=${act("stop")}>${t("Stop...")}<//>
    </span>`;
  }
  const items = menu.map(([action, text]) => ({ text: t(text), disabled: why(action), danger: action === "stop", onClick: act(action) }));
  return html`<span class="row-buttons">
    <${Button} kind="small" disabled=${why("drain")} onClick=${act("drain")}>${t("Drain")}<//>
    <${MenuButton} text=${t("More...")} label=${t("More about {name}", { name: worker.node })} items=${items} />
  </span>`;
}

function Facts({ worker, at }) {
  const lease = worker.lease == null ? null : t("lease {time}", { time: wait(worker.lease) });
  const up = worker.started_at ? t("up {time}", { time: span(between(worker.started_at, at)) }) : null;
  const restarts = worker.restarts
    ? html`<b class="medium ink" title=${worker.restart_reason}>${t("{n} {n|restart|restarts}", { n: worker.restarts })}</b>`
    : worker.restarts === 0 ? t("no restart") : null;
  const shown = [lease, up, restarts].filter(Boolean);
  return shown.map((one, at) => html`${at ? t("list@, ") : ""}${one}`);
}

function shape(worker) {
  const n = worker.processes.length;
  const threads = worker.processes[0]?.threads ?? 0;
  return t("{n} {n|process|processes} × {threads} {threads|thread|threads}", { n, threads });
}

export function NodeRows({ worker, at, byThread, open, onOpen }) {
  const note = stateWords[worker.state];
  return html`
    <tr class="node-row">
      <td colspan="2"><b class="node-name">${worker.node}</b><span class="ink2 node-queues">${worker.queues.join(t("list@, "))}</span>
        ${note ? html`<span class="warn medium">${t(note)}</span>` : null}</td>
      <td colspan="2" class="low"><${Threads} busy=${worker.busy} total=${worker.threads} />
        <b class="medium busy-of">${t("{part} of {whole}", { part: worker.busy, whole: worker.threads })}</b>
        <span class="ink2">${shape(worker)}</span></td>
      <td class="right medium">${bytes(worker.memory)}</td>
      <td class="right ink2"><${Facts} worker=${worker} at=${at} /></td>
      <td class="acts"><${Buttons} worker=${worker} /></td>
    </tr>
    ${worker.processes.map((process) => html`<${ProcessRows}
      key=${process.key} process=${process} byThread=${byThread} open=${open.has(process.key)} onOpen=${() => onOpen(process.key)}
    />`)}`;
}

/** Rows of a process: the first two tasks, the others on demand. */
function ProcessRows({ process, byThread, open, onOpen }) {
  const all = byThread
    ? [...process.running].sort((a, b) => String(a.thread).localeCompare(String(b.thread), "en", { numeric: true }))
    : process.running;
  const shown = open ? all : all.slice(0, 2);
  const more = process.busy - shown.length;
  const free = process.threads - process.busy;
  const label = process.number == null
    ? t("process {pid}", { pid: String(process.pid) })
    : html`${t("process {n}", { n: process.number })} <span class="pid">${process.pid}</span>`;
  const last = [];
  if (more > 0) last.push(html`<${TextButton} onClick=${onOpen}>${t("{n} more", { n: more })}<//>`);
  if (free > 0) last.push(html`<span class="ink2">${t("{n} free", { n: free })}</span>`);
  const ends = last.map((one, at) => html`${at ? t("list@, ") : ""}${one}`);
  if (!shown.length) {
    return html`<tr class="run-row"><td class="process ink2">${label}</td><td colspan="3" class="ink3">${t("idle, {n} free", { n: free })}</td>
      <td class="right ink2">${bytes(process.memory)}</td><td></td><td></td></tr>`;
  }
  return shown.map((run, at) => html`<${RunRow}
    key=${run.id} run=${run} memory=${at === 0 ? process.memory : null}
    left=${at === 0 ? (shown.length === 1 && last.length ? html`${label} ${ends}` : label) : at === shown.length - 1 ? ends : ""}
  />`);
}

function RunRow({ run, left, memory }) {
  const late = run.soft_limit && run.ran > run.soft_limit;
  const hard = run.hard_limit ?? run.soft_limit;
  return html`<tr class="run-row hoverable">
    <td class="process ink2">${left}</td>
    <td class="runs-column"><div class="placed-name"><${Mark} of="running" alone /><${Link} class="plain" to=${taskUrl(run.id)}><${TaskName} name=${run.task} /><//></div></td>
    <td class="low"><${TaskId} id=${run.id} /></td>
    <td class="low cut ink2"><${Excerpt} text=${run.arguments} /></td>
    <td class="right ink2">${bytes(memory)}</td>
    <td class="right limit"><span class=${late ? "ran warn medium" : "ran"}>${lasting(run.ran)}</span>
      ${hard
        ? html`<${LimitBar} ran=${run.ran} soft=${run.soft_limit} hard=${run.hard_limit} /><span class="of ink2">${t("of {time}", { time: setting(hard) })}</span>`
        : html`<span class="ink2 no-limit">${t("no time limit")}</span>`}</td>
    <td></td>
  </tr>`;
}

