/** Address of the page: routes, links that do not reload, and parameters kept in the URL. */
import { config } from "./config.js";
import { html, useEffect, useState } from "./html.js";

const listeners = new Set();

/** Path below the mount, e.g. "/tasks". */
export function currentPath() {
  const path = location.pathname;
  const below = path.startsWith(config.base) ? path.slice(config.base.length) : path;
  return below.replace(/\/+$/, "") || "/";
}

/** URL of a path of the dashboard, with parameters that are set. */
export function url(path, params = {}) {
  const query = new URLSearchParams();
  for (const [name, value] of Object.entries(params)) {
    if (value != null && value !== "") query.set(name, value);
  }
  const text = query.toString();
  return `${config.base}${path}${text ? "?" + text : ""}`;
}

/** Go to a URL within the dashboard. */
export function navigate(target, { replace = false, keep = false } = {}) {
  if (target !== location.pathname + location.search) {
    history[replace ? "replaceState" : "pushState"](null, "", target);
    if (!replace && !keep) scrollTo(0, 0);
  }
  listeners.forEach((listener) => listener());
}

/** Path and parameters of the page, renewed as they change. */
export function useLocation() {
  const read = () => ({
    path: currentPath(),
    params: Object.fromEntries(new URLSearchParams(location.search)),
  });
  const [value, setValue] = useState(read);
  useEffect(() => {
    const renew = () => setValue(read());
    listeners.add(renew);
    addEventListener("popstate", renew);
    return () => {
      listeners.delete(renew);
      removeEventListener("popstate", renew);
    };
  }, []);
  return value;
}

/** Change parameters of the page's address; `null` takes one out. */
export function setParams(changes, { replace = true } = {}) {
  const params = { ...Object.fromEntries(new URLSearchParams(location.search)), ...changes };
  navigate(url(currentPath(), params), { replace, keep: true });
}

/** Parameters of a path that a pattern such as "/tasks/:id" describes, or null. */
export function match(pattern, path) {
  const want = pattern.split("/");
  const have = path.split("/");
  if (want.length !== have.length) return null;
  const found = {};
  for (const [at, part] of want.entries()) {
    if (part.startsWith(":")) {
      try {
        found[part.slice(1)] = decodeURIComponent(have[at]);
      } catch {
        return null; // not a URL encoding
      }
    } else if (part !== have[at]) return null;
  }
  return found;
}

/** A link within the dashboard. */
export function Link({ to, children, ...rest }) {
  const follow = (event) => {
    if (event.defaultPrevented || event.button !== 0) return;
    if (event.metaKey || event.ctrlKey || event.shiftKey || event.altKey) return;
    event.preventDefault();
    navigate(to);
  };
  return html`<a href=${to} onClick=${follow} ...${rest}>${children}</a>`;
}

/** URL of one task's page. */
export const taskUrl = (id) => url(`/tasks/${encodeURIComponent(id)}`);
/** URL of one queue's page. */
export const queueUrl = (name) => url(`/queues/${encodeURIComponent(name)}`);
