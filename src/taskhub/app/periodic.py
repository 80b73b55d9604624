"""Periodic jobs declared by `app.add_periodic_task`: entries of the setting `beat_schedule`."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from taskhub.app.app import Celery

logger = logging.getLogger(__name__)


def add_periodic_task(
    app: Celery,
    schedule: Any,
    call: Any,
    args: Sequence[Any],
    kwargs: Mapping[str, Any] | None,
    name: str | None,
    options: Mapping[str, Any],
) -> str:
    """Add an entry to `beat_schedule`, or to what is added when the configuration is read.

    Args:
        app: The app whose setting it is.
        schedule: Seconds, a timedelta, or a schedule.
        call: A signature or a task.
        args: Arguments of the call.
        kwargs: Keyword arguments of the call.
        name: The entry's name; None: the call's text.
        options: Options of the call.

    Returns:
        The entry's name.
    """
    key, entry = periodic_entry(app, schedule, call, args, kwargs, name, options)
    if not app.conf.loaded:
        app._periodic[key] = entry
        return key
    if name is None and key in app.conf.beat_schedule:
        logger.warning(
            "the periodic task %s replaces one of the same call; give each a name to keep both",
            key,
        )
    app.conf.beat_schedule[key] = entry
    return key


def periodic_entry(
    app: Celery,
    schedule: Any,
    call: Any,
    args: Sequence[Any],
    kwargs: Mapping[str, Any] | None,
    name: str | None,
    options: Mapping[str, Any],
) -> tuple[str, dict[str, Any]]:
    """Return name and fields of an entry; parameters as of `add_periodic_task`."""
    from taskhub.canvas.signature import Signature, signature

    if isinstance(call, Signature):
        call = call.clone(args, kwargs)
    else:
        call = signature(call.name, tuple(args), dict(kwargs or {}), app=app)
    return name or repr(call), {
        "schedule": schedule,
        "task": call.name,
        "args": call.args,
        "kwargs": call.kwargs,
        "options": {**call.options, **options},
    }
