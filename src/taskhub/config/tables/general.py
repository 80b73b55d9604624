"""Settings without a namespace."""

from __future__ import annotations

from taskhub.config.setting import ANY, BOOLEAN, NAMES, Setting, honoured

__all__ = ("SETTINGS",)

SETTINGS: tuple[Setting, ...] = (
    honoured(
        "accept_content",
        ("json",),
        NAMES,
        "The serializers that workers read, by name or content type; pickle only if named.",
    ),
    honoured(
        "result_accept_content",
        None,
        NAMES,
        "The serializers that results are read in; None: those of accept_content.",
    ),
    honoured(
        "enable_utc",
        True,
        BOOLEAN,
        "Whether times in messages are in UTC; without it they are in the local time zone.",
    ),
    honoured(
        "imports", (), NAMES, "Modules that a worker imports at its start, for the tasks in them."
    ),
    honoured("include", (), NAMES, "More such modules; the application's include= adds to it."),
    honoured(
        "timezone",
        None,
        ANY,
        "The application's time zone, as a name or a tzinfo; None: UTC, or Django's TIME_ZONE.",
    ),
)
