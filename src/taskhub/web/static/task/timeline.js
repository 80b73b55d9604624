/** From sent to ended: a strip to scale, and the events. */
import { duration, setting, span, splitName, unit, wait } from "../lib/format.js";
import { html } from "../lib/html.js";
import { t } from "../lib/i18n.js";
import { between, clockExact } from "../lib/time.js";
import { Mark } from "../ui/mark.js";
import { TaskLink } from "../ui/name.js";
import { PartHead } from "./arguments.js";

const words = {
  sent: "Sent", due: "Due", ready: "Ready", claimed: "Claimed", started: "Started", lost: "Worker lost",
  succeeded: "Succeeded", failed: "Failed", revoked: "Revoked", dead: "Given up", expired: "Expired",
  callback: "Callback sent", waits: "Waits", starts: "Starts", replayed: "Sent again", retried: "Try failed",
};

const marks = {
  started: "running", retried: "retrying", succeeded: "succeeded", failed: "failed", revoked: "revoked",
  dead: "dead", expired: "revoked", lost: "retrying", waits: "waiting",
};

function word(event) {
  const v = event.values ?? {};
  if (event.kind === "retried" && v.try) return t("Try {n} failed", { n: v.try });
  if (event.kind === "chord") return t(v.failed ? "Chord failed" : "Chord part given");
  return t(words[event.kind] ?? event.kind);
}

const processText = (v) => {
  if (v.host && v.process != null) return t("{host}, process {n}", { host: v.host, n: v.process });
  if (v.worker && v.process != null) return t("{host}, process {n}", { host: v.worker, n: v.process });
  return v.worker ?? v.host ?? "";
};

/** What stands behind the word of an event. */
function detail(event) {
  const v = event.values ?? {};
  if (event.estimate) return t("estimate");
  if (event.kind === "sent") return v.by ?? v.origin ? t("by {who}", { who: v.by ?? v.origin }) : "";
  if (event.kind === "started") {
    return [processText(v), v.thread != null ? t("thread {n}", { n: v.thread }) : ""].filter(Boolean).join(t("list@, "));
  }
  if (event.kind === "claimed" || event.kind === "lost") return processText(v);
  if (event.kind === "retried") return v.next_in != null ? t("next in {time}", { time: setting(v.next_in) }) : (v.error ?? "");
  if (event.kind === "failed") return v.retries_left === 0 || v.no_retry_left ? t("no retry left") : (v.error ?? "");
  if (event.kind === "chord") return v.text ?? "";
  if (event.kind === "waits") return t("now");
  if (event.kind === "callback" || v.id) {
    return html`${splitName(v.task ?? "")[1]} ${v.id ? html`<${TaskLink} id=${v.id} />` : null}`;
  }
  return v.text ?? v.reason ?? "";
}

const fills = { succeeded: "--fill-succeeded-edge", failed: "--fill-failed", retried: "--fill-retried", lost: "--fill-retried", revoked: "--fill-revoked", running: "--busy" };

function Strip({ timeline }) {
  const { start, end, segments } = timeline;
  const whole = between(start, end);
  if (!(whole > 0) || !segments.length) return null;
  const x = (at) => (between(start, at) / whole) * 400;
  return html`<svg class="strip" viewBox="0 0 400 16" preserveAspectRatio="none" width="100%" height="16" aria-hidden="true">
    ${segments.map((one) => {
      const left = x(one.start);
      const wide = Math.max(x(one.end) - left, 1);
      if (one.kind === "between") {
        return html`<line x1=${left} x2=${left + wide} y1="8" y2="8" class="between" />`;
      }
      if (one.kind === "wait") return html`<rect x=${left} y="6" width=${wide} height="4" fill="var(--line2)" />`;
      return html`<rect x=${left} y="1" width=${wide} height="14" fill=${`var(${fills[one.outcome] ?? "--busy"})`} />`;
    })}
  </svg>
  <div class="strip-times"><span>0</span><span>${duration(whole / 2, { digits: 0 })}</span><span>${duration(whole, { digits: whole < 10 ? 2 : 0 })}</span></div>`;
}

function sinceText(event, now) {
  if (event.estimate) return t("in {time}", { time: span(Math.max(between(now, event.at), 0)) });
  if (event.since == null || event.since < 0.0005) return "";
  return `+${event.kind === "waits" ? wait(event.since) : sinceShort(event.since)}`;
}

const sinceShort = (seconds) =>
  seconds > 59 && seconds < 120 ? unit(seconds.toFixed(1), "s") : duration(seconds, { pad: true });

export function Timeline({ task }) {
  const { timeline, row, at } = task;
  const whole = between(timeline.start, timeline.end);
  const note = row.ended_at && whole != null ? t("{time} from sent to ended", { time: duration(whole) }) : null;
  return html`<section class="timeline">
    <${PartHead} title=${t("Timeline")} note=${note} />
    ${row.tries || row.ended_at ? html`<${Strip} timeline=${timeline} />` : null}
    <ol class="events">
      ${timeline.events.map((event) => html`<li class=${event.estimate ? "estimate" : ""}>
        <time class="mono" datetime=${event.at}>${event.estimate || event.kind === "waits" ? clockExact(event.at).slice(0, 8) : clockExact(event.at)}</time>
        <span class="since">${sinceText(event, at)}</span>
        <span class="point">${marks[event.kind] ? html`<${Mark} of=${marks[event.kind]} />` : html`<i></i>`}</span>
        <span><b>${word(event)}</b> <span class="ink2">${detail(event)}</span></span>
      </li>`)}
    </ol>
    ${timeline.complete ? null : html`<p class="ink2">${t("Only what the result tells is known.")}</p>`}
  </section>`;
}
