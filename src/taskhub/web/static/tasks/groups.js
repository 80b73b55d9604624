/** Failures grouped by task and error. */
import { get, query } from "../lib/api.js";
import { count } from "../lib/format.js";
import { html, useState } from "../lib/html.js";
import { t } from "../lib/i18n.js";
import { when } from "../lib/time.js";
import { Checkbox, TextButton } from "../ui/button.js";
import { Sparkline } from "../ui/figures.js";
import { TaskName } from "../ui/name.js";
import { TaskRow } from "./row.js";

/** Rows of groups, with those that were asked for later; which groups are open. */
export function useGroups(filter) {
  const [more, setMore] = useState({});
  const [open, setOpen] = useState({});
  const isOpen = (group, at) => open[group.key] ?? (at < 2 || group.items.length < 4);
  return {
    isOpen,
    toggle: (group, at) => setOpen({ ...open, [group.key]: !isOpen(group, at) }),
    rows: (group) => {
      const known = new Set(group.items.map((row) => row.key));
      return [...group.items, ...(more[group.key]?.rows ?? []).filter((row) => !known.has(row.key))];
    },
    next: (group) => (group.key in more ? more[group.key].next : group.next),
    async load(group) {
      const cursor = group.key in more ? more[group.key].next : group.next;
      const page = await get(query("tasks", { filter, group: group.key, cursor, limit: 50 }));
      const rows = [...(more[group.key]?.rows ?? []), ...page.items];
      setMore({ ...more, [group.key]: { rows, next: page.next } });
    },
  };
}

/** All rows that are shown, in order: what keys walk through. */
export function shownRows(page, groups) {
  return page.items.flatMap((group, at) => (groups.isOpen(group, at) ? groups.rows(group) : []));
}

function GroupRow({ group, open, onToggle, rows, selection, now, columns }) {
  const head = `${count(group.count)} ${group.task ?? ""} ${group.error}`;
  return html`<tr class="group-row">
    <td class="check">
      <${Checkbox}
        value=${selection.state(rows)} label=${t("Select the group {name}", { name: head })}
        onChange=${(on) => selection.set(rows, on)}
      />
    </td>
    <td colspan=${columns - 1}>
      <div class="group">
        <button type="button" class="fold" aria-expanded=${String(open)} aria-label=${head} onClick=${onToggle}>
          <svg width="10" height="10" viewBox="0 0 10 10" aria-hidden="true">
            <path d=${open ? "M0 1.5h10L5 9z" : "M1.5 0v10L9 5z"} fill="currentColor" />
          </svg>
        </button>
        <b class="group-count">${count(group.count)}</b>
        ${group.task ? html`<${TaskName} name=${group.task} />` : null}
        <span class="error-name">${group.error}</span>
        <code class="message" title=${group.message}>${group.message ?? t("message hidden")}</code>
        <${Sparkline} values=${group.series} kind="bars" />
        <span class="first ink2">${t("first {time}", { time: when(group.first_at, now) })}</span>
        <span class="last ink2">${t("last {time}", { time: when(group.last_at, now) })}</span>
      </div>
    </td>
  </tr>`;
}

export function Groups({ page, groups, selection, list, focus, columns }) {
  return page.items.map((group, at) => {
    const open = groups.isOpen(group, at);
    const rows = groups.rows(group);
    const left = group.count - rows.length;
    return html`
      <${GroupRow}
        key=${group.key} group=${group} open=${open} onToggle=${() => groups.toggle(group, at)}
        rows=${rows} selection=${selection} now=${page.at} columns=${columns}
      />
      ${open
        ? rows.map((row) => html`<${TaskRow}
            key=${`${group.key} ${row.key}`} row=${row} at=${page.at} grouped selection=${selection} list=${list}
            ...${focus(row)}
          />`)
        : null}
      ${open && left > 0 && groups.next(group)
        ? html`<tr key=${`${group.key} more`} class="more-row"><td></td><td colspan=${columns - 1}>
            ${t("{part} of {whole}", { part: rows.length, whole: group.count })}
            <${TextButton} onClick=${() => groups.load(group)}>
              ${t("Show {n} more", { n: Math.min(50, left) })}
            <//>
          </td></tr>`
        : null}`;
  });
}

