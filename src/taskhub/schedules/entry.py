"""An entry: one periodic job, as a value."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from difflib import get_close_matches
from typing import TYPE_CHECKING, Any, Final, Literal, get_args

from taskhub.call.options import check_options
from taskhub.engine.port.schedule_store import Overlap
from taskhub.exceptions import ImproperlyConfigured
from taskhub.names import check_name
from taskhub.schedules.base import BaseSchedule
from taskhub.schedules.crontabs import crontab
from taskhub.schedules.schedule_format import read_schedule
from taskhub.schedules.zones import aware

if TYPE_CHECKING:
    from taskhub.app.app import Celery

#: Runs for fire times that were missed: one for all of them, one for each, or none.
Missed = Literal["once", "all", "skip"]
#: The source of an entry: the application, the setting `beat_schedule`, or the store.
Origin = Literal["application", "configuration", "store"]


class EntryError(ImproperlyConfigured):
    """An entry is invalid; the message names it, and says what to do."""


@dataclass(frozen=True, kw_only=True)
class Entry:
    """A task, its arguments, and when it is called with them."""

    name: str
    #: The task's name.
    task: str
    schedule: BaseSchedule
    args: tuple[Any, ...] = ()
    kwargs: Mapping[str, Any] = field(default_factory=dict)
    #: Options of the call, as of `apply_async`.
    options: Mapping[str, Any] = field(default_factory=dict)
    missed: Missed = "once"
    #: Fire times later than this are not run; None: however late.
    missed_limit: timedelta | None = None
    overlap: Overlap = "allow"
    #: False: paused.
    enabled: bool = True
    origin: Origin = "configuration"
    #: The fields that were changed at run time.
    changed: tuple[str, ...] = ()
    #: Who changed it last, and when; empty if nobody did.
    changed_by: str = ""
    changed_at: datetime | None = None

    def present(self, now: datetime) -> datetime:
        """Return the present of its schedule: `now`, unless it has a `nowfun`."""
        if self.schedule.nowfun is None:
            return now
        return aware(self.schedule.now(), self.schedule.tz).astimezone(UTC)


#: The fields that settings and changes may name, and what each must be.
_KINDS: Final[Mapping[str, tuple[type, ...]]] = {
    "task": (str,),
    "schedule": (object,),
    "args": (list, tuple),
    "kwargs": (Mapping,),
    "options": (Mapping,),
    "relative": (bool,),
    "missed": (str,),
    "missed_limit": (int, float, timedelta),
    "overlap": (str,),
    "enabled": (bool,),
}
FIELDS: Final = tuple(_KINDS)
_CHOICES: Final = {"missed": get_args(Missed), "overlap": get_args(Overlap)}
_OPTIONAL: Final = ("args", "kwargs", "options", "missed_limit", "relative")


def read_entry(
    name: str, fields: Mapping[str, Any], app: Celery | None, origin: Origin = "configuration"
) -> Entry:
    """Return the entry that fields describe, as they stand in `beat_schedule`.

    Raises:
        EntryError: A field is missing, unknown or out of range, or the call cannot be sent with its
            options.
    """
    given = check_fields(name, fields)
    for needed in ("task", "schedule"):
        if given.get(needed) is None or given[needed] == "":
            raise EntryError(f"entry {name!r} has no {needed}: add one")
    try:
        made = read_schedule(given["schedule"], app, relative=bool(given.get("relative")))
    except (ValueError, ImproperlyConfigured) as error:
        raise EntryError(f"entry {name!r}: {error}") from error
    try:
        check_name("the name of the task", given["task"])
        check_options(given.get("options") or {})
    except (TypeError, ValueError, OverflowError, ImproperlyConfigured) as error:
        raise EntryError(f"entry {name!r}: {error}") from error
    limit = given.get("missed_limit")
    if limit is None and isinstance(made, crontab) and app is not None:
        limit = app.conf.beat_cron_starting_deadline
    return Entry(
        name=name,
        task=given["task"],
        schedule=made,
        args=tuple(given.get("args") or ()),
        kwargs=dict(given.get("kwargs") or {}),
        options=dict(given.get("options") or {}),
        missed=given.get("missed", "once"),
        missed_limit=timedelta(seconds=limit) if isinstance(limit, int | float) else limit,
        overlap=given.get("overlap", "allow"),
        enabled=given.get("enabled", True),
        origin=origin,
    )


def check_fields(name: str, fields: Any) -> dict[str, Any]:
    """Return the fields of an entry if each is valid.

    Raises:
        EntryError: One is unknown, or not of its kind.
    """
    if not isinstance(fields, Mapping):
        raise EntryError(f"entry {name!r} must be a dictionary with task and schedule")
    for field_name, value in fields.items():
        if field_name not in _KINDS:
            near = get_close_matches(str(field_name), FIELDS, 1)
            hint = f"did you mean {near[0]}?" if near else f"there are {', '.join(FIELDS)}"
            raise EntryError(f"entry {name!r} has an unknown field {field_name!r}: {hint}")
        if value is None and field_name in _OPTIONAL:
            continue
        if not isinstance(value, _KINDS[field_name]):
            raise EntryError(f"entry {name!r}: {field_name} cannot be {value!r}")
        choices = _CHOICES.get(field_name)
        if choices is not None and value not in choices:
            listed = ", ".join(map(repr, choices))
            raise EntryError(f"entry {name!r}: {field_name} must be one of {listed}, not {value!r}")
    limit = fields.get("missed_limit")
    seconds = limit.total_seconds() if isinstance(limit, timedelta) else limit
    if seconds is not None and seconds < 0:
        raise EntryError(f"entry {name!r}: missed_limit must not be negative")
    return dict(fields)


def marked(entry: Entry, changed: Sequence[str], by: str, at: datetime) -> Entry:
    """Return an entry with who changed it."""
    return replace(entry, changed=tuple(changed), changed_by=by, changed_at=at)
