"""What is compared of a canvas: what `get` gives, every id in its graph, and every run of a body."""

import contextlib
import json
import re
import signal

from tasks import SEEN, app, celery, notes

UUID = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")


def plain(value):
    """Return a value as JSON can show it."""
    if isinstance(value, BaseException):
        args = [plain(arg) for arg in value.args]
        return {"error": type(value).__name__, "args": args}
    if hasattr(value, "as_tuple"):
        return plain(value.as_tuple())
    if isinstance(value, dict):
        return {str(key): plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [plain(item) for item in value]
    if value is None or isinstance(value, str | int | float | bool):
        return value
    text = re.sub(r"0x[0-9a-f]+", "0x0", repr(value))
    return text.replace(celery.__name__, "celery")


class TooSlow(Exception):
    """It took longer than anything here may take."""


@contextlib.contextmanager
def limited(seconds=3):
    """Give up what takes too long: some calls of Celery's wait for ever, whatever their timeout."""

    def give_up(*_):
        raise TooSlow

    signal.signal(signal.SIGALRM, give_up)
    signal.alarm(seconds)
    try:
        yield
    finally:
        signal.alarm(0)


def got(result, timeout=0.5, **options):
    """Return what `get` returns or raises; a timeout is told as what it is: it hangs."""
    try:
        with limited():
            return plain(result.get(timeout=timeout, **options))
    except (celery.exceptions.TimeoutError, TooSlow):
        return "hangs"
    except Exception as error:
        return plain(error)


def runs():
    """Return what the bodies have told so far."""
    return [json.loads(line) for line in notes.lrange(SEEN, 0, -1)]


def ids_in(value):
    """Return the ids in a value, in order of appearance."""
    return list(dict.fromkeys(UUID.findall(json.dumps(value, default=str))))


class Runs:
    """What the bodies have told, found by the ids that they name."""

    def __init__(self, seen):
        self._by_id = {}
        for number, run in enumerate(seen):
            for name in ("id", "root", "parent", "group"):
                self._by_id.setdefault(run[name], {})[number] = run
        self._by_id.pop(None, None)

    def of(self, ids):
        """Return the runs that belong to some ids: theirs, and those of what they led to."""
        found, known, pending = {}, set(), list(ids)
        while pending:
            task_id = pending.pop()
            if task_id in known:
                continue
            known.add(task_id)
            for number, run in self._by_id.get(task_id, {}).items():
                found[number] = run
                pending += [run[name] for name in ("id", "root") if run[name]]
        return [found[number] for number in sorted(found)]


def renamed(value, names):
    """Return a value with other names for the ids in it."""
    if isinstance(value, str):
        return UUID.sub(lambda found: names.get(found[0], found[0]), value)
    if isinstance(value, list):
        return [renamed(item, names) for item in value]
    if isinstance(value, dict):
        return {renamed(key, names): renamed(item, names) for key, item in value.items()}
    return value


def graph(result, seen):
    """Return all that is to be compared of what a canvas came to."""
    shape = plain(result.as_tuple())
    ids = ids_in(shape)
    found = seen.of(ids)
    names = {task_id: f"t{number}" for number, task_id in enumerate(ids)}
    for run in found:
        if run["id"] not in names:
            names[run["id"]] = run["name"] + UUID.sub("id", json.dumps(renamed(run["args"], names)))
    groups = {run["group"] for run in found if run["group"]}
    names.update((group, "a group") for group in groups if group not in names)
    known = [*ids, *dict.fromkeys(run["id"] for run in found if run["id"] not in ids)]
    members = [task_id for task_id in known if not is_group(task_id, shape)]
    return {
        "value": renamed(got(result), names),
        "shape": renamed(shape, names),
        "states": sorted((renamed([id, *state_of(id)], names) for id in members), key=json.dumps),
        "runs": sorted((renamed(run, names) for run in found), key=json.dumps),
    }


def is_group(task_id, shape):
    """Return whether an id is that of a group in a shape."""
    if not isinstance(shape, list) or not shape:
        return False
    pair = len(shape) == 2 and isinstance(shape[1], list) and isinstance(shape[0], list)
    if pair and shape[0][:1] == [task_id]:
        return True
    return any(is_group(task_id, part) for part in shape)


def state_of(task_id):
    """Return state and result of a task."""
    result = app.AsyncResult(task_id)
    return [result.state, plain(result.result)]
