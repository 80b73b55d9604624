"""Run, pause, resume, add, edit and delete periodic jobs."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Final

from taskhub.schedules.entry import EntryError
from taskhub.web.actions.actor import Actor, Done
from taskhub.web.problem import Problem
from taskhub.web.queries.schedule import get_entry, read_form

if TYPE_CHECKING:
    from taskhub.schedules.entry import Entry
    from taskhub.web.queries.store_view import StoreView

__all__ = ("act_on_entry", "put_entry")

_OVERLAPS: Final = {"run": "allow", "skip": "skip", "queue": "queue"}


def act_on_entry(
    store: StoreView, actor: Actor, name: str, action: str, body: Mapping[str, Any]
) -> Done:
    """Act on a periodic job.

    Raises:
        Problem: There is none of this name, or its state does not allow it.
    """
    get_entry(store, name)
    jobs = store.app.schedule
    ids: tuple[str, ...] = ()
    try:
        match action:
            case "run":
                ids = (str(jobs.run(name).id),)
                text = f"sent as {ids[0]}"
            case "pause":
                jobs.pause(name, by=actor.name)
                text = f"{name} is paused"
            case "resume":
                jobs.resume(name, by=actor.name)
                text = f"{name} goes on"
            case _:
                jobs.remove(name, by=actor.name)
                text = f"{name} is deleted"
    except EntryError as error:
        raise Problem("conflict", str(error)) from error
    if action == "run":
        # Of changes the store writes an entry itself, in the same step.
        how, values = str(body.get("reason") or ""), {"id": next(iter(ids), "")}
        actor.note(store, "schedule.run", "schedule", name, how=how, values=values)
    store.forget_fresh()
    return Done(action, ids, (), text, 1)


def put_entry(store: StoreView, actor: Actor, name: str, form: Mapping[str, Any]) -> dict[str, Any]:
    """Add or edit a periodic job, and return it.

    Raises:
        Problem: It cannot be so.
    """
    made = read_form(store, form["schedule"])
    known = {status.entry.name: status.entry for status in store.schedule()}
    before = known.get(name)
    fields = _fields(form, before)
    jobs = store.app.schedule
    try:
        if before is None:
            jobs.add(name, form["task"], made, by=actor.name, **fields)
        else:
            jobs.change(name, by=actor.name, task=form["task"], schedule=made, **fields)
    except (EntryError, TypeError, ValueError) as error:
        raise Problem("invalid", str(error)) from error
    store.forget_fresh()
    return get_entry(store, name)


def _fields(form: Mapping[str, Any], before: Entry | None) -> dict[str, Any]:
    """Return the fields of an entry that a form names, as `app.schedule` takes them."""
    options = dict(before.options) if before is not None else {}
    for name in ("queue", "priority"):
        if form.get(name) is not None:
            options[name] = form[name]
        elif name in form:
            options.pop(name, None)
    fields: dict[str, Any] = {
        "args": list(form.get("args", before.args if before else ())),
        "kwargs": dict(form.get("kwargs", before.kwargs if before else {})),
        "options": options,
    }
    if "enabled" in form:
        fields["enabled"] = form["enabled"]
    if form.get("if_running"):
        fields["overlap"] = _OVERLAPS[form["if_running"]]
    if form.get("if_missed"):
        fields["missed"] = form["if_missed"]
    if "at_most_late" in form:
        fields["missed_limit"] = form["at_most_late"]
    return fields
