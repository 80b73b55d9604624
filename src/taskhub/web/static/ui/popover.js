/** Menus that open below a button, walked through with the arrow keys. */
import { html, useEffect, useRef, useState } from "../lib/html.js";
import { Button } from "./button.js";

/** A button with a menu; `items` are {text, onClick, disabled, danger}. */
export function MenuButton({ text, items, kind = "small", label, disabled }) {
  const [open, setOpen] = useState(false);
  const [corner, setCorner] = useState(null);
  const button = useRef(null);
  const menu = useRef(null);
  useEffect(() => {
    if (!open) return undefined;
    menu.current?.querySelector("button")?.focus();
    const outside = (event) => {
      if (!menu.current?.contains(event.target) && !button.current?.contains(event.target)) {
        setOpen(false);
      }
    };
    const moved = () => setOpen(false);
    addEventListener("pointerdown", outside);
    addEventListener("resize", moved);
    return () => {
      removeEventListener("pointerdown", outside);
      removeEventListener("resize", moved);
    };
  }, [open]);
  const show = () => {
    const box = button.current.getBoundingClientRect();
    setCorner({
      top: `${box.bottom + scrollY + 2}px`,
      right: `${document.documentElement.clientWidth - box.right}px`,
    });
    setOpen(!open);
  };
  const close = () => {
    setOpen(false);
    button.current?.querySelector("button")?.focus();
  };
  const key = (event) => {
    const entries = [...menu.current.querySelectorAll("button")];
    const at = entries.indexOf(document.activeElement);
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (step) {
      event.preventDefault();
      entries[(at + step + entries.length) % entries.length].focus();
    } else if (event.key === "Escape") {
      event.stopPropagation();
      close();
    } else if (event.key === "Tab") setOpen(false);
  };
  return html`<span ref=${button}>
    <${Button}
      kind=${kind} onClick=${show} label=${label} disabled=${disabled} aria-haspopup="menu"
      aria-expanded=${open ? "true" : "false"}
    >${text}<//>
    ${open
      ? html`<div class="popover" role="menu" ref=${menu} style=${corner} onKeyDown=${key}>
          ${items.map((item) => html`<${MenuItem} item=${item} close=${close} />`)}
        </div>`
      : null}
  </span>`;
}

function MenuItem({ item, close }) {
  const act = () => {
    if (item.disabled) return;
    close();
    item.onClick();
  };
  return html`<button
    type="button" role="menuitem" class=${item.danger ? "menu-item danger" : "menu-item"}
    aria-disabled=${item.disabled ? "true" : undefined} onClick=${act}
  >${item.text}${item.disabled ? html`<span class="why">${item.disabled}</span>` : null}</button>`;
}
