/**
 * Answers of the API that renew themselves.
 *
 * One event stream watches all that a page shows; where streams do not pass (a proxy, a host
 * without them) the same paths are asked for every 2 s. Nothing is asked while a page is hidden.
 */
import { ApiError, apiUrl, get } from "./api.js";
import { showChanges } from "./hold.js";
import { useEffect, useReducer } from "./html.js";

const period = 2000;
const watched = new Map(); // path -> {count, data, error, listeners, live}
const storeListeners = new Set();

let stream = null;
let planned = null;
let timer = null;
let broken = 0;

/** Whether the store answers, and since when not. */
export const store = { state: "up", since: null, detail: null, retryIn: null, knownAt: null };

function tell(entry) {
  entry.listeners.forEach((listener) => listener());
}

function tellStore() {
  storeListeners.forEach((listener) => listener());
}

function setStore(state) {
  const before = store.state;
  Object.assign(store, {
    state: state.state, since: state.since, detail: state.detail, retryIn: state.retry_in,
    heard: Date.now(),
  });
  if (before !== state.state || state.state === "away") tellStore();
  if (before === "away" && state.state === "up") [...watched.keys()].forEach(refresh);
}

function accept(entry, data) {
  entry.data = data;
  entry.error = null;
  if (data?.at) store.knownAt = data.at;
  tell(entry);
}

function refuse(entry, error) {
  if (error.code === "store_away") {
    setStore({ state: "away", since: error.problem.away ?? null, detail: error.message,
      retry_in: error.problem.retry_after ?? 5 });
  } else if (error.code === "not_signed_in") {
    dispatchEvent(new Event("taskhub:signed-out"));
  }
  entry.error = error;
  tell(entry);
}

/** Ask for a path again, now. */
export async function refresh(path) {
  const entry = watched.get(path);
  if (!entry) return;
  try {
    accept(entry, await get(path));
    if (store.state === "away") setStore({ state: "up" });
  } catch (error) {
    if (watched.get(path) === entry) refuse(entry, error);
  }
}

/** Ask for everything that the page shows, after an act. */
export const refreshAll = () =>
  Promise.all([...watched.keys()].map(refresh)).then(showChanges);

function plan() {
  clearTimeout(planned);
  planned = setTimeout(connect, 30);
}

function disconnect() {
  stream?.close();
  stream = null;
  clearInterval(timer);
  timer = null;
}

function connect() {
  disconnect();
  const paths = [...watched.keys()].filter((path) => watched.get(path).live);
  if (document.hidden || !paths.length) return;
  if (broken >= 3) return poll();
  const search = new URLSearchParams(paths.map((path) => ["watch", path]));
  stream = new EventSource(`${apiUrl("stream")}?${search}`);
  stream.addEventListener("store", (event) => setStore(JSON.parse(event.data)));
  stream.addEventListener("snapshot", (event) => {
    broken = 0;
    const { watch, body } = JSON.parse(event.data);
    const entry = watched.get(watch);
    if (entry) accept(entry, body);
  });
  stream.addEventListener("problem", (event) => {
    const { watch, problem } = JSON.parse(event.data);
    const entry = watched.get(watch);
    if (entry) refuse(entry, new ApiError(problem));
  });
  stream.addEventListener("signed_out", () => dispatchEvent(new Event("taskhub:signed-out")));
  stream.onerror = () => {
    broken += 1;
    if (broken >= 3 || stream.readyState === EventSource.CLOSED) {
      disconnect();
      poll();
    }
  };
}

/** Ask every 2 s, and look every minute whether streams pass again. */
function poll() {
  let rounds = 0;
  timer = setInterval(() => {
    if (document.hidden) return;
    rounds += 1;
    if (rounds % 30 === 0) {
      broken = 2;
      connect();
    } else {
      watched.forEach((entry, path) => entry.live && refresh(path));
    }
  }, period);
}

document.addEventListener("visibilitychange", () => {
  if (document.hidden) disconnect();
  else {
    [...watched.keys()].forEach(refresh);
    plan();
  }
});

function watch(path, live, listener) {
  let entry = watched.get(path);
  if (!entry) {
    entry = { count: 0, data: undefined, error: null, listeners: new Set(), live };
    watched.set(path, entry);
    refresh(path);
    if (live) plan();
  }
  entry.count += 1;
  entry.listeners.add(listener);
  return () => {
    entry.listeners.delete(listener);
    entry.count -= 1;
    if (entry.count === 0) {
      watched.delete(path);
      if (live) plan();
    }
  };
}

const last = new Map(); // what a path answered before, shown while it is asked again

/** Answer of a path, renewed as it changes: {data, error, refresh}. A null path asks nothing. */
export function useLive(path, { live = true } = {}) {
  const [, renew] = useReducer((n) => n + 1, 0);
  useEffect(() => {
    if (path == null) return undefined;
    const end = watch(path, live, renew);
    renew();
    return () => {
      const entry = watched.get(path);
      if (entry?.data !== undefined) {
        last.delete(path);
        last.set(path, entry.data);
        if (last.size > 20) last.delete(last.keys().next().value);
      }
      end();
    };
  }, [path]);
  const entry = path == null ? null : watched.get(path);
  return {
    data: entry?.data ?? (path == null ? undefined : last.get(path)),
    error: entry?.error ?? null,
    refresh: () => refresh(path),
  };
}

/** Whether the store answers, renewed as it changes. */
export function useStore() {
  const [, renew] = useReducer((n) => n + 1, 0);
  useEffect(() => {
    storeListeners.add(renew);
    return () => storeListeners.delete(renew);
  }, []);
  return store;
}
