/** Who is signed in, with a menu: appearance, language, keys, sign out. */
import { request } from "../lib/api.js";
import { applyPreferences, config, writePreference } from "../lib/config.js";
import { html, useEffect, useRef, useState } from "../lib/html.js";
import { t } from "../lib/i18n.js";
import { signOut } from "../lib/session.js";
import { showKeys } from "./keys-list.js";

const roles = { viewer: "Viewer", operator: "Operator", admin: "Admin" };

/** Choose a theme: "system", "light" or "dark". */
export function chooseTheme(theme) {
  config.theme = theme;
  writePreference("theme", theme === "system" ? null : theme);
  applyPreferences();
}

/** Choose a language: "en" or "zh". */
export function chooseLanguage(language) {
  config.language = language;
  writePreference("language", language);
  request("PUT", "session/language", { language }).catch(() => {}); // this browser knows it
  applyPreferences();
}

/** Switch the single keys on or off. */
export function chooseKeys(on) {
  config.keys = on;
  writePreference("keys", on ? null : "off");
  dispatchEvent(new Event("taskhub:preferences"));
}

export function Account({ session }) {
  const [open, setOpen] = useState(false);
  const place = useRef(null);
  useEffect(() => {
    if (!open) return undefined;
    place.current.querySelector("[role=menuitem]")?.focus();
    const outside = (event) => !place.current.contains(event.target) && setOpen(false);
    addEventListener("pointerdown", outside);
    return () => removeEventListener("pointerdown", outside);
  }, [open]);
  if (!session?.user) return null;
  const key = (event) => {
    const entries = [...place.current.querySelectorAll("[role=menuitem]")];
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (step && open) {
      event.preventDefault();
      const at = entries.indexOf(document.activeElement);
      entries[(at + step + entries.length) % entries.length].focus();
    } else if (event.key === "Escape" && open) {
      event.stopPropagation();
      setOpen(false);
      place.current.querySelector("button").focus();
    }
  };
  const item = (text, act) => html`<button
    type="button" role="menuitem" class="menu-item" onClick=${() => (setOpen(false), act())}
  >${text}</button>`;
  return html`<span class="account" ref=${place} onKeyDown=${key}>
    <button
      type="button" class="account-name" aria-haspopup="menu" aria-expanded=${String(open)}
      onClick=${() => setOpen(!open)}
    >${t(roles[session.user.role])} <span class="user">${session.user.name}</span></button>
    ${open
      ? html`<div class="popover" role="menu">
          ${item(t("Appearance: as the system"), () => chooseTheme("system"))}
          ${item(t("Appearance: light"), () => chooseTheme("light"))}
          ${item(t("Appearance: dark"), () => chooseTheme("dark"))}
          ${item("English", () => chooseLanguage("en"))}
          ${item("中文", () => chooseLanguage("zh"))}
          ${item(t("All keys"), showKeys)}
          ${session.login.sign_out
            ? item(t("Sign out"), () => signOut().finally(() => location.reload()))
            : null}
        </div>`
      : null}
  </span>`;
}
