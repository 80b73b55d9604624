/** Tasks: tabs, filter, groups of failures, selection and acts. */
import { query } from "../lib/api.js";
import { count, span } from "../lib/format.js";
import { joinFilter, splitFilter, stateOf, withState } from "../lib/filter.js";
import { useHeld } from "../lib/hold.js";
import { html, useEffect, useRef } from "../lib/html.js";
import { parts, t } from "../lib/i18n.js";
import { useLive } from "../lib/live.js";
import { setParams } from "../lib/router.js";
import { useSession } from "../lib/session.js";
import { clock } from "../lib/time.js";
import { Button, Segmented } from "../ui/button.js";
import { stateWord } from "../ui/mark.js";
import { ListKeys, PageFoot } from "../ui/page-foot.js";
import { Empty, Loaded } from "../ui/states.js";
import { actOnAll, actOnSelected } from "../tasks/actions.js";
import { BulkBar, useActions } from "../tasks/bulk-bar.js";
import { FilterField } from "../tasks/filter-field.js";
import { Groups, shownRows, useGroups } from "../tasks/groups.js";
import { Head } from "../tasks/head.js";
import { useListKeys, useRowFocus } from "../tasks/list-keys.js";
import { TaskRow } from "../tasks/row.js";
import { useSelection } from "../tasks/selection.js";
import { Tabs } from "../tasks/tabs.js";

const groupings = { task_error: "Task and error", error: "Error" };
const example = "task:Modules.quant.* queue:quant error:Timeout args.user:17 since:2h";

/** Filter of the address; `state` of older links becomes a condition. */
function filterOf(params) {
  return params.state ? withState(params.filter ?? "", params.state) : (params.filter ?? "");
}

const groupOptions = () => [
  ["none", t("None")], ...Object.entries(groupings).map(([key, name]) => [key, t(name)]),
];

function chooseGroup(value, filter) {
  setParams({
    group: value === "none" ? null : value, cursor: null, state: null,
    filter: value === "none" ? filter : withState(filter, "failed"),
  });
}

/** Choice of the grouping on a narrow screen. */
function GroupChoice({ group, filter }) {
  return html`<label>${t("Group")} <select value=${group ?? "none"} onChange=${(event) => chooseGroup(event.target.value, filter)}>
    ${groupOptions().map(([key, name]) => html`<option value=${key} selected=${key === (group ?? "none")}>${name}</option>`)}
  </select></label>`;
}

/** How many rows of a newer answer are not in the one that is shown. */
function countNewer(shown, newest) {
  if (newest.groups != null) return Math.max(newest.total - shown.total, 0);
  const known = new Set(shown.items.map((row) => row.key));
  return Math.max(newest.items.filter((row) => !known.has(row.key)).length, newest.total - shown.total, 0);
}

export function Tasks({ params }) {
  const filter = filterOf(params);
  const group = groupings[params.group] && stateOf(filter) === "failed" ? params.group : null;
  const path = group
    ? query("tasks/groups", { filter, by: group, rows: 8, limit: 20, cursor: params.cursor })
    : query("tasks", { filter, sort: params.sort, order: params.order, cursor: params.cursor });
  const answer = useLive(path);
  const selection = useSelection();
  useEffect(selection.clear, [filter, group]);
  const held = useHeld(answer.data, {
    why: selection.size || selection.all ? "selected" : null, countNewer, key: path,
  });
  const change = (next) => setParams({ filter: next, state: null, cursor: null });
  return html`
    <h1 class="visually-hidden">${t("Tasks")}</h1>
    <${Tabs} filter=${filter} current=${stateOf(filter)} counts=${answer.data?.counts} params=${params} />
    <div class="filter-row">
      <${FilterField} filter=${filter} onChange=${change} example=${example} />
      <span class="group-label ink2">${t("Group")}</span>
      <${Segmented}
        label=${t("Group")} value=${group ?? "none"} options=${groupOptions()}
        onChange=${(value) => chooseGroup(value, filter)}
      />
    </div>
    <${Loaded} answer=${{ ...answer, data: held.data }}>${(page) => html`<${List}
      page=${page} group=${group} filter=${filter} params=${params} selection=${selection} held=${held}
      error=${answer.error}
    />`}<//>`;
}

function List({ page, group, filter, params, selection, held, error }) {
  const root = useRef(null);
  const groups = useGroups(filter);
  const list = group ? shownRows(page, groups) : page.items;
  const focus = useRowFocus(list, root);
  const reason = !group && stateOf(filter) === "failed";
  const chosen = [...selection.rows.values()];
  const actions = useActions(selection.size ? chosen : list, selection.all);
  const onAct = (action) =>
    selection.all
      ? actOnAll(action, page.filter.text || filter, selection.clear)
      : actOnSelected(action, chosen.map((row) => row.key), selection.clear);
  useListKeys({ list, focus, selection, actions, onAct });
  const columns = group ? 10 : 11;
  return html`
    <${BulkBar} selection=${selection} total=${page.total} actions=${actions} onAct=${onAct} />
    ${error?.code === "bad_filter" ? html`<p class="filter-error" role="alert">${error.message}</p>` : null}
    <div class="list-sum ink2"><span>${sum(page, group)}</span><${GroupChoice} group=${group} filter=${filter} /></div>
    ${page.items.length
      ? html`<div class="list" ref=${root} ...${held.props}>
          <table class=${`tasks ${group ? "grouped" : reason ? "failed-list" : "plain-list"}`}>
            <${Head} grouped=${group} reason=${reason} params=${params} selection=${selection} list=${list} />
            <tbody>
              ${group
                ? html`<${Groups}
                    page=${page} groups=${groups} selection=${selection} list=${list} focus=${focus.props}
                    columns=${columns}
                  />`
                : page.items.map((row) => html`<${TaskRow}
                    key=${row.key} row=${row} at=${page.at} reason=${reason} selection=${selection} list=${list}
                    ...${focus.props(row)}
                  />`)}
            </tbody>
          </table>
        </div>`
      : html`<${Nothing} page=${page} filter=${filter} />`}
    <${PageFoot} page=${page} right=${html`<${ListKeys} />`}>
      <span>${sum(page, group)}</span> <${Kept} filter=${filter} />
    <//>`;
}

function sum(page, group) {
  const found = counted(page, group);
  return page.at_least ? `${found} ${t("(not all tasks were read in time, there may be more)")}` : found;
}

function counted(page, group) {
  if (group) {
    return t("{groups} {groups|group|groups}, {n} {n|task matches|tasks match}", { groups: page.groups, n: page.total });
  }
  if (!page.items.length) return "";
  return t("{first} to {last} of {total}", {
    first: page.first, last: page.first + page.items.length - 1, total: count(page.total),
  });
}

function Kept({ filter }) {
  const { retention, features } = useSession();
  if (stateOf(filter) !== "failed" || !retention.failed_limit) return null;
  if (!features.failed) return html`<span>${t("Failed tasks are not kept")}</span>`;
  return html`<span class="kept">${t("Failed tasks are kept {time}, at most {n}", {
    time: days(retention.failed_expires), n: retention.failed_limit,
  })}</span>`;
}

const days = (seconds) =>
  seconds % 86400 === 0 ? t("{n} {n|day|days}", { n: seconds / 86400 }) : span(seconds);

/** Why nothing can be in a tab: this store keeps no such tasks. */
function notKept(state, features) {
  if (state === "failed") return features.failed ? "" : "Failed tasks are not kept by this store.";
  if (features.history) return "";
  return ["succeeded", "revoked"].includes(state) ? "Ended tasks are not kept by this store." : "";
}

/** Nothing matches: what would, and how to get there. */
function Nothing({ page, filter }) {
  const { features } = useSession();
  const state = stateOf(filter);
  const { hint } = page;
  const title = state && state !== "all"
    ? t("No {state} task matches.", { state: stateWord(state).toLowerCase() })
    : filter ? t("No task matches.") : t("No task is kept.");
  const drop = () => setParams({ filter: hint.filter, cursor: null });
  const rest = joinFilter(splitFilter(filter).filter((condition) => /^state:/.test(condition)));
  return html`<${Empty}
    title=${title}
    buttons=${filter && html`
      ${hint ? html`<${Button} onClick=${drop}>${t("Drop {condition}", { condition: hint.without })}<//>` : null}
      <${Button} onClick=${() => setParams({ filter: rest === filter ? null : rest, cursor: null })}>${t("Clear the filter")}<//>`}
  >${notKept(state, features) ? t(notKept(state, features)) : hint
    ? parts(hint.last_at ? "{n} {n|does|do} without {condition}. The last one ended at {time}." : "{n} {n|does|do} without {condition}.", {
        n: hint.count, condition: html`<code>${hint.without}</code>`, time: clock(hint.last_at),
      })
    : null}<//>`;
}
