/** Single keys: pages and lists say what theirs do while they are shown. */
import { config } from "./config.js";
import { useEffect, useRef } from "./html.js";

const handlers = []; // the last one that knows a key wins
let pending = null; // "G" was pressed, a page's letter is to follow

const inField = (element) =>
  element?.closest?.("input:not([type=checkbox]), textarea, select, [contenteditable]");

/** Name of a key as in the list of keys: "j", "Shift+x", "Enter", "/". */
export function keyName(event) {
  if (event.ctrlKey || event.metaKey || event.altKey) return null;
  const key = event.key.length === 1 ? event.key.toLowerCase() : event.key;
  return event.shiftKey && /^[a-z]$/.test(key) ? `Shift+${key}` : key;
}

function dispatch(event) {
  if (event.defaultPrevented || document.querySelector("dialog[open]")) return;
  const name = keyName(event);
  if (!name || inField(event.target)) return;
  if (!config.keys && name !== "Escape") return;
  const full = pending ? `g ${name}` : name;
  pending = null;
  if (name === "g" && full === "g") {
    pending = true;
    setTimeout(() => (pending = null), 1500);
    return;
  }
  for (let at = handlers.length - 1; at >= 0; at -= 1) {
    const handler = handlers[at].current[full];
    if (handler && handler(event) !== false) {
      event.preventDefault();
      return;
    }
  }
}

addEventListener("keydown", dispatch);

/** Handle keys while the component is shown: {"j": fn, "g t": fn}. `false` passes a key on. */
export function useKeys(map) {
  const current = useRef(map);
  current.current = map;
  useEffect(() => {
    handlers.push(current);
    return () => {
      handlers.splice(handlers.indexOf(current), 1);
    };
  }, []);
}
