/** Entry of the dashboard: session, routes, the frame around every page. */
import { applyPreferences, config } from "./lib/config.js";
import { toggleHold } from "./lib/hold.js";
import { html, render, useEffect, useErrorBoundary, useReducer, useState } from "./lib/html.js";
import { t } from "./lib/i18n.js";
import { useKeys } from "./lib/keys.js";
import { match, navigate, url, useLocation } from "./lib/router.js";
import { SessionContext, loadSession } from "./lib/session.js";
import { Audit } from "./pages/audit.js";
import { CanvasPage } from "./pages/canvas.js";
import { Limits } from "./pages/limits.js";
import { Login } from "./pages/login.js";
import { Overview, SpanChoice } from "./pages/overview.js";
import { Queues } from "./pages/queues.js";
import { Schedule } from "./pages/schedule.js";
import { Settings } from "./pages/settings.js";
import { TaskPage } from "./pages/task.js";
import { Tasks } from "./pages/tasks.js";
import { Workers } from "./pages/workers.js";
import { AwayLine } from "./ui/away.js";
import { BottomBar } from "./ui/bottom-bar.js";
import { DialogHost } from "./ui/dialog.js";
import { JobLines } from "./ui/job-line.js";
import { NoticeHost } from "./ui/notice.js";
import { showKeys } from "./ui/keys-list.js";
import { Empty, NotFound } from "./ui/states.js";
import { TopBar, pages } from "./ui/topbar.js";

const routes = [
  ["/", Overview, "Overview"],
  ["/tasks", Tasks, "Tasks"],
  ["/tasks/:id", TaskPage, "Task"],
  ["/tasks/:id/canvas", CanvasPage, "Canvas"],
  ["/queues", Queues, "Queues"],
  ["/queues/:name", Queues, "Queues"],
  ["/workers", Workers, "Workers"],
  ["/schedule", Schedule, "Schedule"],
  ["/schedule/:entry", Schedule, "Schedule"],
  ["/limits", Limits, "Limits"],
  ["/audit", Audit, "Audit log"],
  ["/settings", Settings, "Settings"],
];

function findPage(path) {
  for (const [pattern, page, title] of routes) {
    const found = match(pattern, path);
    if (found) return { page, title, found };
  }
  return { page: NotFound, title: "Not found", found: {} };
}

/** A page whose own mistake does not take the frame with it. */
function Guarded({ children }) {
  const [error, reset] = useErrorBoundary((failure) => console.error(failure));
  const { path } = useLocation();
  useEffect(() => {
    if (error) reset();
  }, [path]);
  if (!error) return children;
  return html`<${Empty} title=${t("This page has a mistake.")}>${String(error.message)}<//>`;
}

function Frame() {
  const { path, params } = useLocation();
  const { page: Page, title, found } = findPage(path);
  useEffect(() => {
    document.title = [found.id?.slice(0, 8) ?? found.name ?? found.entry, t(title), config.app]
      .filter(Boolean)
      .join(" · ");
  });
  useKeys({
    ...Object.fromEntries(
      pages.filter(([, , key]) => key).map(([page, , key]) => [`g ${key}`, () => navigate(url(page))]),
    ),
    "?": showKeys,
    l: toggleHold,
  });
  const tools = path === "/" ? html`<${SpanChoice} params=${params} />` : null;
  return html`<a class="visually-hidden skip" href="#main">${t("Skip to the content")}</a>
    <${TopBar} path=${path} tools=${tools} />
    <${AwayLine} />
    <main id="main" tabindex="-1" class=${`page-${title.toLowerCase().replace(" ", "-")}`}>
      <${Guarded}><${Page} key=${title} params=${params} ...${found} /><//>
    </main>
    <${NoticeHost} />
    <${JobLines} />
    <${BottomBar} path=${path} />
    <${DialogHost} />`;
}

function App() {
  const [session, setSession] = useState(undefined);
  const [failure, setFailure] = useState(null);
  const [, renew] = useReducer((n) => n + 1, 0);
  const load = () => loadSession().then(setSession, setFailure);
  const leave = () => loadSession().then((next) => {
    // Where others sign users in, they answer a page that is loaded again: with their login.
    if (!next.authenticated && !next.login.password && !next.login.openid) location.reload();
    else setSession(next);
  }, setFailure);
  useEffect(() => {
    load();
    addEventListener("taskhub:preferences", renew);
    addEventListener("taskhub:signed-out", leave);
  }, []);
  if (failure && !session) {
    return html`<main><${Empty} title=${t("The dashboard does not answer.")}>${failure.message}<//></main>`;
  }
  if (!session) return null;
  if (!session.authenticated) return html`<${Login} session=${session} onDone=${setSession} />`;
  return html`<${SessionContext.Provider} value=${session}>
    <${Frame} key=${config.language} />
  <//>`;
}

applyPreferences();
render(html`<${App} />`, document.getElementById("app"));
