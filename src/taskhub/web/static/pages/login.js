/** Signing in, by a password or OpenID Connect. */
import { config } from "../lib/config.js";
import { html, useEffect, useRef, useState } from "../lib/html.js";
import { t } from "../lib/i18n.js";
import { setting, span } from "../lib/format.js";
import { signIn } from "../lib/session.js";
import { chooseLanguage } from "../ui/account.js";
import { rootUrl } from "../ui/search.js";
import { Mark } from "../ui/mark.js";

function failureText(error) {
  if (error.code === "wrong_password") {
    const left = error.problem.tries_left;
    return [t("User name or password is wrong."), left == null ? "" : t("{n} {n|try|tries} left in this minute.", { n: left })];
  }
  if (error.code === "too_many_tries") {
    const after = error.problem.retry_after;
    return [t("Too many wrong tries."), after == null ? "" : t("Try again in {time}.", { time: span(Math.ceil(after)) })];
  }
  return [error.message, ""];
}

function Password({ onDone }) {
  const [name, setName] = useState("");
  const [password, setPassword] = useState("");
  const [shown, setShown] = useState(false);
  const [error, setError] = useState(null);
  const field = useRef(null);
  const submit = async (event) => {
    event.preventDefault();
    try {
      onDone(await signIn(name, password));
    } catch (failure) {
      setError(failureText(failure));
      setPassword("");
      field.current.focus();
    }
  };
  return html`<form onSubmit=${submit}>
    ${error
      ? html`<div class="login-error" role="alert"><${Mark} of="failed" /><p><span class="danger">${error[0]}</span><br />${error[1]}</p></div>`
      : null}
    <label for="login-name">${t("User name")}</label>
    <input id="login-name" class="field" autocomplete="username" required value=${name} onInput=${(event) => setName(event.target.value)} />
    <label for="login-password">${t("Password")}</label>
    <span class="password">
      <input id="login-password" ref=${field} class="field" type=${shown ? "text" : "password"} autocomplete="current-password" required value=${password} onInput=${(event) => setPassword(event.target.value)} />
      <button type="button" class="link" aria-pressed=${String(shown)} onClick=${() => setShown(!shown)}>${shown ? t("Hide") : t("Show")}</button>
    </span>
    <button type="submit" class="button primary">${t("Sign in")}</button>
  </form>`;
}

export function Login({ session, onDone }) {
  const { login, session: life } = session;
  useEffect(() => {
    document.title = `${t("Sign in")} · ${config.app}`;
    document.getElementById("login-name")?.focus();
  }, []);
  return html`<main class="login">
    <div class="login-box">
      <h1><b>taskhub</b> <span class="ink3">/</span> <span class="ink2">${session.app}</span></h1>
      <p class="ink2">${t("Sign in to see and act on tasks.")}</p>
      ${login.notice ? html`<p class="login-notice">${login.notice}</p>` : null}
      ${login.password ? html`<${Password} onDone=${onDone} />` : null}
      ${login.password && login.openid ? html`<p class="or"><span>${t("or")}</span></p>` : null}
      ${login.openid ? html`<a class="button" href=${rootUrl(login.openid.url)}>${login.openid.label}</a>` : null}
      ${!login.password && !login.openid ? html`<p>${t("Nobody signs in on this page: sign in to the application or the proxy that it belongs to, then load it again.")}</p>` : null}
      <p class="ink3 small">${t("A session ends after {lifetime}, or {idle} without use.", { lifetime: setting(life.lifetime), idle: setting(life.idle) })}</p>
    </div>
    <footer><span class="ink3">taskhub ${session.version}</span><span class="grow"></span>
      ${[["en", "English"], ["zh", "中文"]].map(([language, name]) => html`<button type="button" class=${config.language === language ? "link quiet" : "link"} lang=${language} onClick=${() => chooseLanguage(language)}>${name}</button>`)}
    </footer>
  </main>`;
}
