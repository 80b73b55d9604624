"""`app.add_periodic_task`: entries of the setting `beat_schedule`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from taskhub.canvas.signature import Signature, signature

if TYPE_CHECKING:
    from taskhub.app.app import Celery


def periodic_entry(
    app: Celery,
    schedule: Any,
    call: Any,
    args: Sequence[Any],
    kwargs: Mapping[str, Any] | None,
    name: str | None,
    options: Mapping[str, Any],
) -> tuple[str, dict[str, Any]]:
    """Return name and entry of a job: `call` is a signature or a task; by default the call's text
    names it.
    """
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
