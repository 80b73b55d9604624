/** Sentences about a task that waits, in Chinese, from the figures that the API tells. */
import { count, span } from "../lib/format.js";
import { clock } from "../lib/time.js";

const verdicts = {
  no_worker: () => "没有 worker 消费它的队列。",
  paused: () => "它的队列已暂停。",
  due: () => "还没到执行时间。",
  rate_limit: () => "被任务的速率限制拦住。",
  position: () => "前面还有其他任务。",
  threads: () => "没有空闲线程。",
  expired: () => "已过期，不会再执行。",
  revoked: () => "已撤销，不会再执行。",
  soon: () => "马上就会开始。",
};

/** Verdict in one sentence. */
export const verdictInChinese = (verdict) => verdicts[verdict.id]?.(verdict.values ?? {}) ?? verdict.text;

const list = (value) => (Array.isArray(value) ? value.join("、") : value);

const checks = {
  workers: (v) =>
    v.nodes && (v.nodes.length ? `${list(v.nodes)}，共 ${count(v.threads)} 个线程` : `没有 worker 消费 ${v.queue}`),
  pause: (v) => (v.since || v.by ? `${v.queue} 已暂停${v.by ? `，由 ${v.by}` : ""}` : v.queue && `${v.queue} 未暂停`),
  due: (v) => (v.in != null ? `${span(v.in)}后到期` : v.since && `${clock(v.since)} 起已到期`),
  expiry: (v) => (v.in != null ? (v.in > 0 ? `${span(v.in)}后过期，未撤销` : "已过期") : "不过期，未撤销"),
  rate_limit: (v) => v.rate && `${v.rate}，${count(v.waiting)} 个在等待${v.in != null ? `，${span(v.in)}后可以开始` : ""}`,
  position: (v) => v.before != null && `前面有 ${count(v.before)} 个`,
  threads: (v) => v.free != null && `${count(v.threads)} 个线程中 ${count(v.free)} 个空闲`,
};

/** One check; what has no figures stays as the API words it. */
export function checkInChinese(check) {
  if (check.result === "none") return "不适用";
  return checks[check.id]?.(check.values ?? {}) || check.text;
}
