/** One task in a list: the cells that all lists of tasks share. */
import { count, duration, lasting, span, wait } from "../lib/format.js";
import { html } from "../lib/html.js";
import { t } from "../lib/i18n.js";
import { Link, queueUrl, taskUrl } from "../lib/router.js";
import { between, when } from "../lib/time.js";
import { Checkbox } from "../ui/button.js";
import { Mark, stateWord } from "../ui/mark.js";
import { TaskId, TaskName } from "../ui/name.js";

const ended = new Set(["failed", "dead", "succeeded", "revoked"]);

/** When a task ended, is due, or gets its permit: "14:31:47", "due in 42 s", "rate limited, 9 s". */
export function Ended({ row, at }) {
  if (ended.has(row.state)) return when(row.ended_at, at);
  if (row.rate_limited_until) {
    const left = Math.max(between(at, row.rate_limited_until), 0);
    return html`<span class="ink2">${t("rate limited, {time}", { time: rough(left) })}</span>`;
  }
  if (!row.due_at || !["delayed", "retrying"].includes(row.state)) return "";
  const left = between(at, row.due_at);
  return html`<span class="ink2">${left > 0 ? t("due in {time}", { time: rough(left) }) : t("due now")}</span>`;
}

const rough = (seconds) => (seconds < 60 ? span(seconds) : span(Math.floor(seconds / 60) * 60).split(" ")[0]);

/** Tries: "4 of 4", "2", or nothing before the first. */
export function tries(row) {
  if (!row.tries) return "";
  return row.max_tries == null
    ? count(row.tries)
    : t("{part} of {whole}", { part: row.tries, whole: row.max_tries });
}

/** Excerpt of the arguments, or that they are hidden. */
export function Excerpt({ text }) {
  if (text == null) return html`<span class="ink3">${t("hidden")}</span>`;
  return html`<code title=${text}>${text}</code>`;
}

const longWait = 60;

/**
 * A row of a list of tasks.
 *
 * `grouped` leaves out what its group says; `reason` shows why a failed task failed in place of
 * its priority.
 */
export function TaskRow({ row, at, grouped, reason, selection, list, focused, onFocus }) {
  const waits = row.state === "waiting";
  const late = waits && row.waited > longWait * 5;
  const selected = selection.has(row);
  const name = `${stateWord(row.state)}, ${row.task}, ${row.id}`;
  const mark = html`<${Mark} of=${row.state} alone />`;
  return html`<tr
    class=${selected ? "task-row selected" : "task-row"} tabindex=${focused ? "0" : "-1"}
    data-key=${row.key} aria-label=${name} aria-selected=${String(selected)} onFocus=${onFocus}
  >
    <td class="check">
      <${Checkbox}
        value=${selected} tabIndex=${-1} label=${t("Select {id}", { id: row.id })}
        onChange=${(_, event) => selection.toggle(row, list, event.shiftKey)}
      />
    </td>
    ${grouped
      ? null
      : html`<td class="name"><div>${mark}<${Link} class="plain" to=${taskUrl(row.id)} tabindex="-1">
          <${TaskName} name=${row.task} />
        <//></div></td>`}
    ${reason ? html`<td class="reason" title=${row.error?.message ?? row.reason}>${row.reason ?? row.error?.kind}</td>` : null}
    <td class="id">
      ${grouped ? mark : null}<${Link} class="plain" to=${taskUrl(row.id)} tabindex="-1"><${TaskId} id=${row.id} /><//>
    </td>
    <td class="arguments"><${Excerpt} text=${row.arguments} /></td>
    <td class=${late ? "queue warn" : "queue"}><${Link} class="plain" to=${queueUrl(row.queue ?? "")} tabindex="-1">${row.queue}<//></td>
    ${reason ? null : html`<td class="right priority">${row.priority}</td>`}
    <td class="right tries">${tries(row)}</td>
    <td class=${late ? "right waited warn medium" : "right waited"}>${(waits ? wait : (value) => duration(value, { pad: true }))(row.waited)}</td>
    <td class="right ran">${row.state === "running" ? lasting(row.ran) : duration(row.ran, { pad: true })}</td>
    <td class="right ended"><${Ended} row=${row} at=${at} /></td>
    <td class="worker">${row.worker}</td>
    <td class="narrow-only second">
      <${Excerpt} text=${row.arguments} />
      <span>${[duration(row.ran ?? row.waited), tries(row)].filter(Boolean).join(t("list@, "))}</span>
    </td>
  </tr>`;
}

