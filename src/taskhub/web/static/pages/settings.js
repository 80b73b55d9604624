/** Settings: this browser's, doctor's checks, the app's settings, versions. */
import { bytes, bytesOf, span } from "../lib/format.js";
import { config } from "../lib/config.js";
import { html, useState } from "../lib/html.js";
import { t } from "../lib/i18n.js";
import { refresh, useLive } from "../lib/live.js";
import { signOut, useSession } from "../lib/session.js";
import { clock } from "../lib/time.js";
import { chooseKeys, chooseLanguage, chooseTheme } from "../ui/account.js";
import { Segmented, TextButton } from "../ui/button.js";
import { Mark } from "../ui/mark.js";
import { Loaded } from "../ui/states.js";
import { PartHead } from "../task/arguments.js";

export function Settings() {
  const answer = useLive("settings", { live: false });
  return html`
    <div class="page-head"><h1>${t("Settings")}</h1><span class="ink2">${t("how this app is set up; it is changed in its program")}</span></div>
    <div class="columns settings">
      <div><${Checks} /><${Loaded} answer=${answer}>${(page) => html`<${AppSettings} page=${page} />`}<//></div>
      <div><${ThisBrowser} />${answer.data ? html`<${Store} page=${answer.data} />` : null}</div>
    </div>`;
}

const levels = { ok: "check", warn: "warning", fail: "failed" };

function Checks() {
  const answer = useLive("doctor", { live: false });
  const [busy, setBusy] = useState(false);
  const again = () => {
    setBusy(true);
    refresh("doctor").finally(() => setBusy(false));
  };
  const rank = { fail: 0, warn: 1, ok: 2 };
  return html`<section>
    <${PartHead} title=${t("Checks")} note=${answer.data ? checksSum(answer.data.findings) : null}>
      <span class="ink3 small">${answer.data ? t("checked {time}", { time: clock(answer.data.at) }) : ""}</span>
      <${TextButton} disabled=${busy ? t("Under way") : ""} onClick=${again}>${t("Check again")}<//>
    <//>
    <${Loaded} answer=${answer}>${(page) => html`<table class="findings"><tbody>
      ${[...page.findings].sort((a, b) => rank[a.level] - rank[b.level]).map((one) => html`<tr class=${one.level === "fail" ? "decides" : ""}>
        <td class="mark-cell"><${Mark} of=${levels[one.level]} /><span class="visually-hidden">${t(`level@${one.level}`)}</span></td>
        <td class="check-name medium">${one.subject}</td>
        <td>${one.detail}${one.advice ? html`<div class="ink2">${one.advice}</div>` : null}</td>
      </tr>`)}
    </tbody></table>`}<//>
  </section>`;
}

function checksSum(findings) {
  const n = (level) => findings.filter((one) => one.level === level).length;
  return [
    [n("fail"), "{n} failed"], [n("warn"), "{n} {n|warning|warnings}"], [n("ok"), "{n} passed"],
  ].filter(([value]) => value).map(([value, text]) => t(text, { n: value })).join(t("list@, "));
}

function AppSettings({ page }) {
  const [all, setAll] = useState(false);
  const changed = page.settings.filter((one) => one.changed);
  const shown = all ? page.settings : changed;
  return html`<section>
    <${PartHead} title=${t("Settings of the app")}>
      <${Segmented} label=${t("Which")} value=${all} onChange=${setAll} options=${[[false, t("Changed, {n}", { n: changed.length })], [true, t("All, {n}", { n: page.settings.length })]]} />
    <//>
    ${shown.length
      ? html`<table class="settings-table">
          <thead><tr><th>${t("Name")}</th><th>${t("Value")}</th><th class="low">${t("Default")}</th></tr></thead>
          <tbody>${shown.map((one) => html`<tr>
            <td class=${one.changed ? "medium" : "ink2"}><code>${one.name}</code></td>
            <td class="breaks"><code>${one.value}</code></td>
            <td class="ink2 low breaks"><code>${one.changed ? one.default : ""}</code></td>
          </tr>`)}</tbody>
        </table>`
      : html`<p class="ink2">${t("All settings are at their defaults.")}</p>`}
  </section>`;
}

function ThisBrowser() {
  const session = useSession();
  return html`<section>
    <${PartHead} title=${t("This browser")} />
    <div class="browser-settings">
      <span>${t("Appearance")}</span>
      <${Segmented} label=${t("Appearance")} value=${config.theme} onChange=${chooseTheme} options=${[["system", t("As the system")], ["light", t("Light")], ["dark", t("Dark")]]} />
      <span>${t("Language")}</span>
      <${Segmented} label=${t("Language")} value=${config.language} onChange=${chooseLanguage} options=${[["en", "English"], ["zh", "中文"]]} />
      <span>${t("Single keys")}</span>
      <${Segmented} label=${t("Single keys")} value=${config.keys} onChange=${chooseKeys} options=${[[true, t("On")], [false, t("Off")]]} />
      ${session.login.notice ? html`<span class="wide ink2">${session.login.notice}</span>` : null}
      ${session.user ? html`<span>${t("Signed in as")}</span><span class="ink">${session.user.name}
        ${session.login.sign_out ? html` <${TextButton} onClick=${() => signOut().finally(() => location.reload())}>${t("Sign out")}<//>` : null}</span>` : null}
    </div>
  </section>`;
}

function Store({ page }) {
  const { store, retention } = page;
  const yes = (value) => (value == null ? t("unknown") : value ? t("on") : t("off"));
  const kept = (limit, expires) =>
    limit == null && expires == null ? t("not kept") : [expires == null ? null : span(expires), limit == null ? null : t("at most {n}", { n: limit })].filter(Boolean).join(t("list@, "));
  const pairs = (items) => html`<dl class="pairs">${items.filter(([, value]) => value != null).map(([name, value]) => html`<dt>${t(name)}</dt><dd>${value}</dd>`)}</dl>`;
  return html`
    <section><${PartHead} title=${t("Store")} />${pairs([
      ["Address", html`<code>${store.url}</code>`], ["Server", store.server],
      ["Memory", store.memory == null ? null : store.memory_limit ? bytesOf(store.memory, store.memory_limit) : t("{amount}, no limit", { amount: bytes(store.memory) })],
      ["Append-only file", yes(store.append_only_file)], ["Eviction", store.eviction],
    ])}</section>
    <section><${PartHead} title=${t("Kept")} />${pairs([
      ["Ended tasks", kept(retention.history_limit, retention.history_expires)],
      ["Failed tasks", kept(retention.failed_limit, retention.failed_expires)],
      ["Dead letters", kept(null, retention.dead_expires)],
      ["Audit log", kept(retention.audit_limit, retention.audit_expires)],
      ["Statistics", kept(null, retention.statistics_expires)],
      ["Runs of an entry", t("the last {n}", { n: retention.runs })],
    ])}</section>
    <section><${PartHead} title=${t("Versions")} /><dl class="pairs">${page.versions.map((one) => html`<dt>${one.name}</dt><dd>${one.version}</dd>`)}</dl></section>
    <section><${PartHead} title=${t("Roles")} />${html`<${Roles} roles=${page.roles} />`}</section>`;
}

function Roles({ roles }) {
  const by = {};
  for (const [action, role] of Object.entries(roles)) (by[role] ??= []).push(action);
  return html`<dl class="pairs">${["viewer", "operator", "admin"].filter((role) => by[role]).map((role) => html`<dt>${t(`role@${role}`)}</dt><dd class="ink2">${by[role].join(t("list@, "))}</dd>`)}</dl>`;
}
