/** Holding live rows in their places while somebody points at, selects or focuses them. */
import { useEffect, useReducer, useRef, useState } from "./html.js";

export const hold = { reason: null, newer: 0, manual: false };
const listeners = new Set();

function tell() {
  listeners.forEach((listener) => listener());
}

/** Hold or let go by hand: the key L. */
export function toggleHold() {
  hold.manual = !hold.manual;
  hold.reason = hold.manual ? "manual" : null;
  hold.newer = 0;
  tell();
}

let acts = 0;
let freshUntil = 0;
/** What somebody did stands in the store at once, and workers report it within these ms. */
const settling = 10_000;

/** Show what is new although rows are held: somebody has acted, and wants to see it. */
export function showChanges() {
  acts += 1;
  freshUntil = performance.now() + settling;
  tell();
}

/** State of the hold, for the top bar. */
export function useHoldState() {
  const [, renew] = useReducer((n) => n + 1, 0);
  useEffect(() => {
    listeners.add(renew);
    return () => listeners.delete(renew);
  }, []);
  return hold;
}

/** A `merge` that takes all figures of a newer answer and keeps rows in their order. */
export const keepOrder = (name) => (shown, newest) => {
  const place = new Map(shown.items.map((item, at) => [item[name], at]));
  const at = (item) => place.get(item[name]) ?? place.size;
  return { ...newest, items: [...newest.items].sort((a, b) => at(a) - at(b)) };
};

/**
 * Rows as they are to be shown.
 *
 * `data` is the newest answer, `why` says what holds it ("selected", or null), `countNewer` how
 * many rows of one answer are not in another. Returns the answer to show and the properties of
 * the element whose rows are held while the pointer or the focus is in it. An answer to another
 * question (`key`) is shown at once. `merge` takes what may change in place from a newer answer.
 */
export function useHeld(data, { why, countNewer, key, merge }) {
  const [over, setOver] = useState(null);
  const manual = useHoldState().manual;
  const shown = useRef({ key, data, acts });
  const fresh = performance.now() < freshUntil;
  const reason = why ?? (manual ? "manual" : fresh ? null : over);
  const last = shown.current;
  if (!reason || last.key !== key || last.data === undefined || last.acts !== acts) {
    shown.current = { key, data, acts };
  } else if (merge && data) {
    shown.current = { key, data: merge(last.data, data), acts };
  }
  const newer = reason && data && shown.current.data ? countNewer(shown.current.data, data) : 0;
  useEffect(() => {
    if (hold.reason === reason && hold.newer === newer) return;
    hold.reason = reason;
    hold.newer = newer;
    tell();
  }, [reason, newer]);
  useEffect(() => () => {
    hold.reason = hold.manual ? "manual" : null;
    hold.newer = 0;
    tell();
  }, []);
  const inside = (event) => event.currentTarget.contains(event.relatedTarget);
  return {
    data: shown.current.data,
    props: {
      onPointerEnter: (event) => event.pointerType === "mouse" && setOver(over ?? "pointer"),
      onPointerLeave: () => over === "pointer" && setOver(null),
      onfocusin: () => setOver("focus"),
      onfocusout: (event) => !inside(event) && setOver(null),
    },
  };
}
