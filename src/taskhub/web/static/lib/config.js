/** What the shell page tells: where the dashboard is mounted, its app, its language. */

const data = document.documentElement.dataset;

function readPreference(name) {
  try {
    return localStorage.getItem(`taskhub.${name}`);
  } catch {
    return null; // storage is switched off
  }
}

/** Keep a preference of this browser: "theme", "language", "keys". */
export function writePreference(name, value) {
  try {
    if (value === null) localStorage.removeItem(`taskhub.${name}`);
    else localStorage.setItem(`taskhub.${name}`, value);
  } catch {
    // it lasts as long as the page
  }
}

export const preference = readPreference;

export const config = {
  /** Path under which the dashboard is mounted, without a slash at its end. */
  base: data.base ?? "",
  /** Name of the app that is shown beside the product's. */
  app: data.app ?? "",
  version: data.version ?? "",
  language: (
    readPreference("language") ??
    data.language ??
    (navigator.language.startsWith("zh") ? "zh" : "en")
  ).slice(0, 2),
  theme: readPreference("theme") ?? "system",
  /** Whether single keys act; a switch in Settings. */
  keys: readPreference("keys") !== "off",
};

const systemDark = matchMedia("(prefers-color-scheme: dark)");

/** Set what stylesheet and screen readers look at, and have the page drawn anew. */
export function applyPreferences() {
  const root = document.documentElement;
  root.lang = config.language === "zh" ? "zh-CN" : "en";
  const system = systemDark.matches ? "dark" : "light";
  root.dataset.theme = config.theme === "system" ? system : config.theme;
  dispatchEvent(new Event("taskhub:preferences"));
}

systemDark.addEventListener("change", applyPreferences);
