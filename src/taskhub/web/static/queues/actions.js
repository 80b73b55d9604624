/** Acts on queues. */
import { post, segment } from "../lib/api.js";
import { t } from "../lib/i18n.js";
import { refreshAll } from "../lib/live.js";
import { currentPath, navigate, url } from "../lib/router.js";
import { useDenial, useSession } from "../lib/session.js";
import { attempt } from "../ui/notice.js";
import { askToPurge } from "./purge.js";

const done = {
  pause: "{queue} is paused.",
  resume: "{queue} is resumed.",
  forget: "{queue} is forgotten.",
};

/** Functions that act on one queue, and say why that cannot be done. */
export function useQueueActions() {
  const denial = useDenial();
  const { features } = useSession();
  const act = (queue, action) =>
    attempt(() => post(`queues/${segment(queue.name)}/actions`, { action }), () => t(done[action], { queue: queue.name })).then((result) => {
      // The page of a queue that is gone shows the others.
      if (result && action === "forget" && currentPath().startsWith("/queues/")) {
        navigate(url("/queues", Object.fromEntries(new URLSearchParams(location.search))), { replace: true, keep: true });
      }
      refreshAll();
    });
  return {
    act,
    why: (action) =>
      denial(`queues.${action}`) ||
      (features.pause || !["pause", "resume"].includes(action) ? "" : t("This store cannot pause queues")),
    toggle: (queue) => act(queue, queue.paused ? "resume" : "pause"),
    purge: (queue) => askToPurge(queue),
  };
}

