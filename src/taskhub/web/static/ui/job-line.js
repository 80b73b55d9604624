/** Acts on all that match, as they go on: done, skipped, left, and a button that stops them. */
import { post, segment } from "../lib/api.js";
import { duration } from "../lib/format.js";
import { html, useEffect, useState } from "../lib/html.js";
import { t } from "../lib/i18n.js";
import { refresh, useLive } from "../lib/live.js";
import { useDenial } from "../lib/session.js";
import { Button, TextButton } from "./button.js";
import { attempt } from "./notice.js";

const names = {
  retry: "Retry of {n} {n|task|tasks}",
  revoke: "Revocation of {n} {n|task|tasks}",
  terminate: "Termination of {n} {n|task|tasks}",
  delete: "Deletion of {n} {n|task|tasks}",
};

const doneWords = {
  retry: "{done} sent, {skipped} skipped, {left} left",
  revoke: "{done} revoked, {skipped} skipped, {left} left",
  terminate: "{done} terminated, {skipped} skipped, {left} left",
  delete: "{done} deleted, {skipped} skipped, {left} left",
};

const ends = { done: "Done", stopped: "Stopped", failed: "Failed" };

function pace(job) {
  if (job.state === "counting") return t("counting");
  if (job.ended_at) return job.error ? `${t(ends[job.state])}: ${job.error}` : t(ends[job.state]);
  const rate = job.rate ? t("{n} a second", { n: job.rate }) : "";
  const eta = job.eta == null ? "" : t("about {time} more", { time: duration(Math.ceil(job.eta), { digits: 0 }) });
  return [rate, eta].filter(Boolean).join(t("list@, "));
}

/** One job. */
export function JobLine({ job, onClose }) {
  const denial = useDenial();
  const passed = job.total ? (job.done + job.skipped) / job.total : 0;
  const stop = () => attempt(() => post(`jobs/${segment(job.id)}/stop`), () => t("The job stops.")).then(() => refresh("jobs"));
  const values = { done: job.done, skipped: job.skipped, left: job.left };
  return html`<div class="job-line">
    <b>${t(names[job.action] ?? "Act on {n} {n|task|tasks}", { n: job.total })}</b>
    <span class="progress" role="progressbar" aria-label=${t("Progress")} aria-valuemin="0" aria-valuemax="100" aria-valuenow=${Math.round(passed * 100)}>
      <i style=${{ width: `${passed * 100}%` }}></i>
    </span>
    <span>${t(doneWords[job.action] ?? doneWords.retry, values)}</span>
    <span class="ink2">${pace(job)}</span>
    <span class="grow"></span>
    ${job.ended_at
      ? html`<${TextButton} quiet onClick=${onClose}>${t("Close")}<//>`
      : html`<${Button} kind="small" disabled=${denial("jobs.stop")} onClick=${stop}>${t("Stop")}<//>`}
  </div>`;
}

/** All jobs that go on, and those that ended while the page was open. */
export function JobLines() {
  const [watching, setWatching] = useState(false);
  const [seen, setSeen] = useState(new Set());
  const answer = useLive("jobs", { live: watching });
  const jobs = answer.data?.items ?? [];
  const running = jobs.some((job) => !job.ended_at);
  useEffect(() => {
    const begin = () => refresh("jobs");
    addEventListener("taskhub:job", begin);
    return () => removeEventListener("taskhub:job", begin);
  }, []);
  useEffect(() => {
    if (!running) return undefined;
    setWatching(true);
    const timer = setInterval(() => refresh("jobs"), 1000);
    return () => clearInterval(timer);
  }, [running]);
  // What ended before the page was opened is history: the audit log has it.
  const opened = performance.timeOrigin / 1000;
  const shown = jobs.filter(
    (job) => !seen.has(job.id) && (!job.ended_at || Date.parse(job.ended_at) / 1000 > opened),
  );
  if (!shown.length) return null;
  return html`<div class="job-lines" role="region" aria-label=${t("Jobs")}>
    ${shown.slice(0, 3).map((job) => html`<${JobLine}
      key=${job.id} job=${job} onClose=${() => setSeen(new Set([...seen, job.id]))}
    />`)}
  </div>`;
}
