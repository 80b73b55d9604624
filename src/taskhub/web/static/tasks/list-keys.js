/** Keys of a list of tasks: move, select, open, act. */
import { useRef, useState } from "../lib/html.js";
import { useKeys } from "../lib/keys.js";
import { navigate, taskUrl } from "../lib/router.js";

/** Focus that moves through rows: returns the properties of a row. */
export function useRowFocus(list, root) {
  const [key, setKey] = useState(null);
  const at = Math.max(list.findIndex((row) => row.key === key), -1);
  const current = useRef(at);
  current.current = at;
  const focus = (index) => {
    const row = list[index];
    if (!row) return;
    setKey(row.key);
    root.current?.querySelector(`[data-key="${CSS.escape(row.key)}"]`)?.focus();
  };
  return {
    row: list[at] ?? null,
    move: (step) => focus(at < 0 ? (step > 0 ? 0 : list.length - 1) : Math.min(Math.max(at + step, 0), list.length - 1)),
    props: (row) => ({
      focused: row.key === key || (at < 0 && row === list[0]),
      onFocus: () => setKey(row.key),
    }),
  };
}

export function useListKeys({ list, focus, selection, actions, onAct }) {
  const onRow = (act) => (event) => {
    const inside = document.activeElement?.closest?.("tr[data-key]");
    if (!inside || !focus.row) return false;
    return act(focus.row, event);
  };
  const act = (action) => () => {
    if (actions[action] || (!selection.size && !selection.all)) return false;
    return onAct(action);
  };
  useKeys({
    j: () => focus.move(1),
    k: () => focus.move(-1),
    ArrowDown: onRow(() => focus.move(1)),
    ArrowUp: onRow(() => focus.move(-1)),
    x: onRow((row) => selection.toggle(row, list, false)),
    "Shift+x": onRow((row) => selection.toggle(row, list, true)),
    " ": onRow((row) => selection.toggle(row, list, false)),
    a: () => selection.set(list, selection.state(list) !== true),
    Enter: onRow((row, event) => (event.target.closest("a, button") ? false : navigate(taskUrl(row.id)))),
    Escape: () => (selection.size || selection.all ? selection.clear() : false),
    r: act("retry"),
    v: act("revoke"),
    t: act("terminate"),
    d: act("delete"),
  });
}
