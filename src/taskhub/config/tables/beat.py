"""Settings of the scheduler of periodic jobs."""

from __future__ import annotations

from taskhub.config.setting import ANY, MAPPING, SECONDS, Setting, honoured, without_effect

__all__ = ("SETTINGS",)

_NO_CONTROL = "Not in effect yet: remote control is not offered."

SETTINGS: tuple[Setting, ...] = (
    *without_effect(
        _NO_CONTROL,
        beat_enable_remote_control=False,
        beat_remote_control_max_tick_age=None,
    ),
    *without_effect(
        "The scheduler sleeps until the next job is due or the schedule changes.",
        beat_max_loop_interval=0,
    ),
    honoured(
        "beat_schedule",
        {},
        MAPPING,
        "Periodic jobs by name: task, schedule, args, kwargs, options, and what "
        "docs/scheduling.md adds.",
    ),
    honoured(
        "beat_scheduler",
        "celery.beat:PersistentScheduler",
        ANY,
        "A scheduler of one's own, as module:class; by default, and by Celery's names, taskhub's, "
        "of which any number may run.",
    ),
    *without_effect(
        "The last runs of the jobs are kept in the store, not in a file.",
        beat_schedule_filename="celerybeat-schedule",
    ),
    *without_effect(
        "The last runs of the jobs are kept in the store as they happen.", beat_sync_every=0
    ),
    honoured(
        "beat_cron_starting_deadline",
        None,
        SECONDS,
        "How late a job by crontab may still be run, unless its entry has a missed_limit; None: "
        "however late.",
    ),
)
