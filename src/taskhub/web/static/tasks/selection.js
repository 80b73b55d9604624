/** Selected rows of a list: by key, a range from the row chosen last, or all that match. */
import { useRef, useState } from "../lib/html.js";

export function useSelection() {
  const [rows, setRows] = useState(new Map());
  const [all, setAll] = useState(false);
  const anchor = useRef(null);
  const replace = (next) => {
    setAll(false);
    setRows(next);
  };
  const put = (list, on) =>
    replace((before) => {
      const next = new Map(before);
      for (const row of list) {
        if (on) next.set(row.key, row);
        else next.delete(row.key);
      }
      return next;
    });
  return {
    rows,
    all,
    size: rows.size,
    has: (row) => all || rows.has(row.key),
    set: put,
    /** Select or clear one; with `range`, all of `list` from the one before. */
    toggle(row, list, range) {
      const on = !rows.has(row.key);
      const from = list.findIndex((one) => one.key === anchor.current);
      const to = list.findIndex((one) => one.key === row.key);
      anchor.current = row.key;
      if (range && from >= 0) put(list.slice(Math.min(from, to), Math.max(from, to) + 1), true);
      else put([row], on);
    },
    clear: () => replace(new Map()),
    chooseAll: () => setAll(true),
    onlyChosen: () => setAll(false),
    /** true, false or "some" of a list. */
    state(list) {
      if (all) return true;
      const chosen = list.filter((row) => rows.has(row.key)).length;
      return chosen === 0 ? false : chosen === list.length ? true : "some";
    },
  };
}
