"""Calls the tasks, and prints what became of them as JSON."""

import json
import warnings
from pathlib import Path

warnings.simplefilter("error")

from archive import NOTES, Document, app, consume, remove, report  # noqa: E402
from celery import chord  # noqa: E402

WAIT = 60


def outcome(result):
    try:
        return result.get(timeout=WAIT)
    except LookupError as error:
        return repr(error)


def document(name, *tags):
    return Document(Path("/in") / name, set(tags))


one = consume.apply_async(
    kwargs={"document": document("one", "x"), "title": "One"},
    headers={"source": "api"},
    link=[remove.si(["one"])],
)
told = [outcome(one), outcome(consume.delay(document("two")))]
header = [consume.s(document(name, "y"), title=name.upper()) for name in ("three", "four")]
both = chord(header=header, body=remove.si(["three", "four"])).delay()
told += [outcome(both), [member.get(timeout=WAIT) for member in both.parent.results]]
bad = chord([consume.s(document("five"))], remove.si(["five"]).on_error(report.s(name="five"))).delay()
told.append(outcome(bad))
ping = app.control.inspect().ping()
print(json.dumps({"told": told, "ping": list(ping.values()), "notes": NOTES.read_text().splitlines()}))
