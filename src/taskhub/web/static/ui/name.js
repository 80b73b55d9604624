/** Names of tasks, whose path is cut from the left, and ids. */
import { shortId, splitName } from "../lib/format.js";
import { html } from "../lib/html.js";
import { Link, taskUrl } from "../lib/router.js";

/** A task's name: path in `ink3`, function in `ink`; of a long one the path is cut. */
export function TaskName({ name }) {
  const [path, last] = splitName(name);
  // The path runs from right to left, so that the ellipsis stands at its left.
  return html`<span class="task-name" title=${name}>
    <span class="path"><bdi>${path}</bdi></span><span class="function">${last}</span>
  </span>`;
}

/** First eight digits of an id, which copies as a whole. */
export function TaskId({ id }) {
  return html`<code class="id" title=${id}>${shortId(id)}</code>`;
}

/** A link to a task by its id. */
export function TaskLink({ id, children }) {
  return html`<${Link} to=${taskUrl(id)} class="task-link" title=${id}>
    ${children ?? html`<code>${shortId(id)}</code>`}
  <//>`;
}
