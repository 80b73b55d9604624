/** Head of a list of tasks: names of columns, by some of which it is sorted. */
import { html } from "../lib/html.js";
import { t } from "../lib/i18n.js";
import { setParams } from "../lib/router.js";
import { Checkbox } from "../ui/button.js";

function Column({ name, by, sort, order, kind = "", sortable = true }) {
  const current = sort === by;
  const turn = () =>
    setParams({ sort: by === "ended" ? null : by, order: current && order !== "asc" ? "asc" : null, cursor: null });
  const arrow = current ? html`<span aria-hidden="true"> ${order === "asc" ? "↑" : "↓"}</span>` : null;
  const state = current ? (order === "asc" ? "ascending" : "descending") : undefined;
  return html`<th scope="col" class=${`${kind} ${current ? "sorted" : ""}`} aria-sort=${state}>
    ${by && sortable
      ? html`<button type="button" class="sort" onClick=${turn}>${name}${arrow}</button>`
      : html`${name}${arrow}`}
  </th>`;
}

export function Head({ grouped, reason, params, selection, list }) {
  const sort = params.sort ?? "ended";
  const shared = { sort, order: params.order, sortable: !grouped };
  const column = (name, kind, by) => html`<${Column} name=${t(name)} kind=${kind} by=${by} ...${shared} />`;
  return html`<thead><tr>
    <th class="check">
      <${Checkbox}
        value=${list.length ? selection.state(list) : false} label=${t("Select all on the page")}
        onChange=${(on) => selection.set(list, on)}
      />
    </th>
    ${grouped ? null : column("Task", "name", "task")}
    ${reason ? column("Reason", "reason") : null}
    ${column("Id", "id")} ${column("Arguments", "arguments")} ${column("Queue", "queue")}
    ${reason ? null : column("Priority", "right priority")}
    ${column("Tries", "right tries")} ${column("Waited", "right waited", "waited")}
    ${column("Ran", "right ran", "ran")} ${column("Ended", "right ended", "ended")}
    ${column("Worker", "worker")}
  </tr></thead>`;
}
