/** Acts on entries of the schedule. */
import { post, segment } from "../lib/api.js";
import { t } from "../lib/i18n.js";
import { refreshAll } from "../lib/live.js";
import { useDenial } from "../lib/session.js";
import { ask } from "../ui/dialog.js";
import { attempt, notify } from "../ui/notice.js";

const done = {
  run: "{entry} was sent.",
  pause: "{entry} is paused.",
  resume: "{entry} is resumed.",
  delete: "{entry} is deleted.",
};

export function useScheduleActions() {
  const denial = useDenial();
  const send = (entry, action) => post(`schedule/${segment(entry.name)}/actions`, { action });
  return {
    why: (action) => denial(`schedule.${action}`),
    act: (entry, action) =>
      attempt(() => send(entry, action), () => t(done[action], { entry: entry.name })).then(refreshAll),
    remove: (entry) =>
      ask({
        title: t("Delete {entry}?", { entry: entry.name }), act: t("Delete"), kind: "danger primary",
        lead: t("It will not run any more. Runs that were sent go on."),
        onAct: async () => {
          await send(entry, "delete");
          notify(t(done.delete, { entry: entry.name }));
          refreshAll();
        },
      }),
  };
}
