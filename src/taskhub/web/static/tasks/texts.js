/** Words about acts on tasks: buttons, questions, reasons. */
import { t } from "../lib/i18n.js";

export const verbs = {
  retry: "Retry",
  revoke: "Revoke",
  terminate: "Terminate",
  delete: "Delete",
};

const done = {
  retry: "{n} {n|task|tasks} sent again.",
  revoke: "{n} {n|task|tasks} revoked.",
  terminate: "{n} {n|task|tasks} terminated.",
  delete: "{n} {n|task|tasks} deleted.",
};

const reasons = {
  after_last_retry: "Failed after the last retry",
  not_retried: "Failed at once, the error is not one to retry",
  dead: "Dead: given up without an outcome",
  waiting: "Waiting",
  delayed: "Delayed",
  running: "Running",
  retrying: "Retrying",
  ended: "Ended already",
  message_gone: "Message no longer kept",
  not_failed: "Did not fail",
  not_running: "Not running",
  unknown_id: "Unknown id",
  changed_meanwhile: "Changed meanwhile",
};

/** Why tasks are acted on, or skipped. */
export const reasonText = (reason) => t(reasons[reason] ?? reason);

/** "Skipped, message no longer kept" */
export const skippedText = (reason) =>
  t("Skipped, {reason}", { reason: lower(reasonText(reason)) });

const lower = (text) => text.charAt(0).toLowerCase() + text.slice(1);

/** What an act has done, as a sentence. */
export function resultText({ action, done: n, skipped }) {
  const left = skipped.map((one) => `${t("{n} skipped: {reason}.", { n: one.count, reason: lower(reasonText(one.reason)) })}`);
  return [t(done[action] ?? "{n} done.", { n }), ...left].join(" ");
}

/** What happens to those that a job or a question is about. */
export const consequence = {
  retry: "Sent again with the same id, arguments and queue",
  revoke: "Will not run",
  terminate: "Stopped while they run",
  delete: "Deleted with arguments and error",
};
