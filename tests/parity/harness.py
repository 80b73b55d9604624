"""What a case of a parity test sees of the library under test: Celery's names, whichever library that is.

Run as a program (`harness.py LIBRARY CASES`), it runs every public function of the file CASES and
prints, as JSON, what each returned or raised.
"""

from __future__ import annotations

import contextlib
import datetime
import importlib
import inspect
import json
import logging
import os
import re
import sys
import warnings

LIBRARY = os.environ["PARITY_LIBRARY"]
OURS = LIBRARY == "taskhub"

#: Where the modules of Celery's that a case may ask for live in ours.
_HOMES = {
    "celery.app.task": "taskhub.task",
    "celery.app": "taskhub.app",
    # Of taskhub-compat.
    **{
        name: name
        for name in (
            "celery.app.defaults",
            "celery.beat",
            "celery.utils.log",
            "celery.utils.nodenames",
            "celery.utils.serialization",
            "celery.utils.time",
            "celery.utils",
        )
    },
}

celery = importlib.import_module(LIBRARY)
Celery = celery.Celery


def module(name):
    """Return a module by Celery's name for it."""
    if OURS:
        name = _HOMES.get(name, name.replace("celery", "taskhub", 1))
    return importlib.import_module(name)


exceptions = module("celery.exceptions")
states = module("celery.states")
if not OURS:
    # Shared with every app from the first case on.
    module("celery.app.builtins")


def new_app(main="tasks", **settings):
    """Return an app whose messages stay in this process."""
    if not OURS:
        settings.setdefault("backend", "cache+memory://")
    return Celery(main, broker="memory://", **settings)


def outcome(call, *args, **kwargs):
    """Return what a call returns, or the exception that it raises, as JSON can show it."""
    try:
        return shown(call(*args, **kwargs))
    except NameError:
        # A mistake of the case, which both libraries would answer alike.
        raise
    except Exception as error:
        return {"raises": kind(error), "text": plain(str(error))}


def kind(error):
    """Return the name of an exception's class, with its bases where libraries may have their own."""
    return type(error).__name__


def plain(text):
    """Return a text without addresses, ids and the library's name."""
    text = re.sub(r"0x[0-9a-f]+", "0x0", text)
    text = re.sub(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", "UUID", text)
    return text.replace("taskhub", "celery")


def shown(value):
    """Return a value as JSON can show it."""
    if isinstance(value, BaseException):
        return {"error": kind(value), "text": plain(str(value))}
    if value is None or isinstance(value, bool | int | float):
        return value
    if isinstance(value, str):
        return plain(value)
    if isinstance(value, dict):
        return {str(name): shown(item) for name, item in value.items()}
    if isinstance(value, list | tuple):
        return [shown(item) for item in value]
    if isinstance(value, set | frozenset):
        return sorted(shown(item) for item in value)
    if isinstance(value, datetime.datetime):
        return value.isoformat()
    if isinstance(value, type):
        return value.__name__
    return plain(repr(value))


@contextlib.contextmanager
def logged(name=""):
    """Collect what is logged, as texts."""
    lines = []

    class Collector(logging.Handler):
        def emit(self, record):
            lines.append(f"{record.levelname} {record.getMessage()}")

    handler = Collector()
    logger = logging.getLogger(name)
    logger.addHandler(handler)
    try:
        yield lines
    finally:
        logger.removeHandler(handler)


def sent(app, call, *args, **kwargs):
    """Return what a call sends: its queue, arguments, and what its request will hold."""
    found = (
        _sent_by_us(app, call, args, kwargs) if OURS else _sent_by_celery(app, call, args, kwargs)
    )
    for message in found:
        for name in ("eta", "expires"):
            message[name] = _moment(app, message[name])
        # Made by Celery from the arguments, by us when they are asked for.
        for name in ("argsrepr", "kwargsrepr"):
            message[name] = message[name] if name in kwargs else None
        # Celery names a queue of its own, which only its "rpc" results need.
        message["reply_to"] = message["reply_to"] if "reply_to" in kwargs else None
        if not message["stamped_headers"]:
            message["stamps"] = None
        message["timelimit"] = list(message["timelimit"] or (None, None))
        message["priority"] = message["priority"] or 0
    return shown(found)


def _moment(app, text):
    """Return a time in UTC; one without a zone is meant so."""
    if text is None:
        return None
    at = datetime.datetime.fromisoformat(text)
    if at.tzinfo is None:
        at = at.replace(tzinfo=datetime.UTC)
    return at.astimezone(datetime.UTC).isoformat()


_FIELDS = (
    "argsrepr", "callbacks", "chain", "chord", "errbacks", "eta", "expires", "group", "group_index", "ignore_result",
    "kwargsrepr", "parent_id", "replaced_task_nesting", "retries", "shadow", "stamped_headers", "stamps", "timelimit",
)  # fmt: skip


def _sent_by_celery(app, call, args, kwargs):
    from celery.signals import before_task_publish

    found = []

    def look(sender, body, exchange, routing_key, headers, properties, **_):
        queue = exchange if exchange and not routing_key else routing_key
        fields = {name: headers.get(name) for name in _FIELDS}
        fields["callbacks"] = body[2]["callbacks"]
        fields["errbacks"] = body[2]["errbacks"]
        if fields["ignore_result"] is None and sender in app.tasks:
            # Sent by name: the worker looks at the task.
            fields["ignore_result"] = app.tasks[sender].ignore_result
        fields["custom"] = {name: value for name, value in headers.items() if name.startswith("x-")}
        found.append(
            {"task": sender, "queue": queue, "args": body[0], "kwargs": body[1], **fields,
             "priority": properties.get("priority"), "reply_to": properties["reply_to"]}
        )  # fmt: skip

    before_task_publish.connect(look)
    try:
        call(*args, **kwargs)
    finally:
        before_task_publish.disconnect(look)
    return found


def _sent_by_us(app, call, args, kwargs):
    from taskhub.execution.request import request_of
    from taskhub.message import decode_body

    before = {entry.envelope.task_id for entry in app.engine.delayed(0, 1000)}
    for name in app.engine.queues():
        app.engine.purge(name)
    call(*args, **kwargs)
    envelopes = [entry.envelope for entry in app.engine.delayed(0, 1000)]
    envelopes += [
        envelope for name in app.engine.queues() for envelope in app.engine.waiting(name, 0, 1000)
    ]
    found = []
    for envelope in envelopes:
        if envelope.task_id in before:
            continue
        delivery = _Delivery(envelope, decode_body(envelope.body))
        request = request_of(delivery, app.tasks.get(delivery.actor_name), "here")
        found.append(
            {"task": request.task, "queue": envelope.queue, "args": request.args, "kwargs": request.kwargs,
             **{name: request.get(name) for name in _FIELDS},
             "custom": {name: value for name, value in (request.headers or {}).items() if name.startswith("x-")},
             "priority": delivery.options.get("priority"), "reply_to": request.reply_to}
        )  # fmt: skip
    return found


class _Delivery:
    def __init__(self, envelope, fields):
        self.message_id = envelope.task_id
        self.queue_name = envelope.queue
        self.actor_name = fields["actor_name"]
        self.args = fields["args"]
        self.kwargs = fields["kwargs"]
        self.options = fields["options"]
        if "content" in self.options:
            from taskhub.call.message import decode_content

            self.args, self.kwargs = decode_content(
                self.options["content"], ["json", "pickle", "yaml", "msgpack"]
            )


def main():
    sys.modules["harness"] = sys.modules["__main__"]
    sys.path.insert(0, os.path.dirname(sys.argv[1]))
    warnings.simplefilter("ignore")
    name = os.path.splitext(os.path.basename(sys.argv[1]))[0]
    cases = importlib.import_module(name)
    names = sys.argv[2:] or [
        name
        for name, function in vars(cases).items()
        if inspect.isfunction(function)
        and function.__module__ == cases.__name__
        and not name.startswith("_")
    ]
    outcomes = {}
    for name in names:
        with _sharing_nothing():
            outcomes[name] = outcome(getattr(cases, name))
    json.dump(outcomes, sys.stdout)


@contextlib.contextmanager
def _sharing_nothing():
    """Keep the tasks of one case from the apps of the next.

    Each task is given to every app of the process, by Celery in the order of a set: of two with one
    name, either wins.
    """
    if OURS:
        declared = module("celery.app.shared")._declared
        count = len(declared)
        with module("celery.current").kept():
            yield
        del declared[count:]
        return
    shared = module("celery._state")._on_app_finalizers
    before = set(shared)
    try:
        yield
    finally:
        shared.intersection_update(before)


if __name__ == "__main__":
    main()
