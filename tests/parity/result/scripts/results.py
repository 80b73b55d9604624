"""Writes results as one side, or reads those of either: results.py SIDE URL write|read PREFIX."""

from __future__ import annotations

import copy
import importlib
import io
import json
import pickle
import sys
from collections.abc import Callable
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

SIDE, URL, ACTION, PREFIX = sys.argv[1:]

APP, CONTEXT = {
    "taskhub": ("taskhub.app.app", "taskhub.execution.request"),
    "celery": ("celery", "celery.app.task"),
}[SIDE]
Celery: Any = importlib.import_module(APP).Celery
Context: Any = importlib.import_module(CONTEXT).Context
results: Any = importlib.import_module(f"{SIDE}.result")
app: Any = Celery("parity", broker=URL, backend=URL)
app.set_current()


class Local(Exception):
    """An exception that the reader knows, too, as this script is the same."""


VALUES = [
    1,
    None,
    "text",
    [1, {"a": 2}],
    b"bytes",
    Decimal("1.5"),
    datetime(2030, 1, 1, tzinfo=UTC),
]
FAILURES = [
    KeyError("key", 1),
    ValueError(),
    Local("local", [1]),
    OSError(2, "gone"),
    UnicodeDecodeError("utf-8", b"x", 0, 1, "bad"),
]
NAMES = [f"{PREFIX}-value-{index}" for index in range(len(VALUES))]
BAD = [f"{PREFIX}-failure-{index}" for index in range(len(FAILURES))]
OTHERS = ["started", "retry", "revoked", "progress", "related", "returned", "nobody"]


def write() -> None:
    """Store a result of every kind."""
    store = app.backend.store_result
    for name, value in zip(NAMES, VALUES, strict=True):
        store(name, value, "SUCCESS")
    for name, error in zip(BAD, FAILURES, strict=True):
        store(name, error, "FAILURE", traceback="Traceback ...")
    app.backend.mark_as_started(f"{PREFIX}-started", pid=1, hostname="celery@here")
    app.backend.mark_as_retry(f"{PREFIX}-retry", ConnectionError("gone"), "Traceback ...")
    app.backend.mark_as_revoked(f"{PREFIX}-revoked", "revoked")
    store(f"{PREFIX}-progress", {"done": 1}, "PROGRESS")
    app.conf.result_extended = True
    request = Context(
        {
            "task": "add",
            "args": [1],
            "kwargs": {"b": 2},
            "hostname": "celery@here",
            "retries": 2,
            "group": "a-group",
            "parent_id": "a-parent",
            "delivery_info": {"routing_key": "slow"},
        }
    )
    request.children.append(app.AsyncResult(NAMES[0]))
    request.children.append(app.GroupResult("inner", [app.AsyncResult(NAMES[1])]))
    store(f"{PREFIX}-related", 1, "SUCCESS", request=request)
    returned = app.AsyncResult("child", parent=app.AsyncResult("parent"))
    store(f"{PREFIX}-returned", returned, "SUCCESS")
    # A success is final.
    store(NAMES[0], 0, "FAILURE")


def shown(value: Any) -> Any:
    """Return a value as JSON can hold it, with its type."""
    if isinstance(value, BaseException):
        return [type(value).__name__, repr(value.args)]
    return [type(value).__name__, repr(value)]


def outcome(call: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
    """Return what a call returns or raises."""
    try:
        return ["returned", shown(call(*args, **kwargs))]
    except Exception as error:
        kind = type(error).__name__
        # The words are each side's own where the library itself complains.
        ours = type(error).__module__.startswith(("celery", "taskhub", "kombu"))
        return ["raised", kind, None if ours else repr(error.args)]


def described(name: str) -> dict[str, Any]:
    """Return all that a result tells."""
    result = app.AsyncResult(name)
    done = result.date_done
    return {
        "fields": [
            shown(getattr(result, field))
            for field in (
                *("id", "task_id", "state", "status", "result", "info", "traceback", "children"),
                *("name", "args", "kwargs", "retries", "queue", "worker", "ignored"),
                "supports_native_join",
            )
        ],
        "done": done and [str(done.tzinfo.utcoffset(done)), abs(datetime.now(UTC) - done).days],
        "is": [result.ready(), result.successful(), result.failed(), result.exists()],
        "get": outcome(app.AsyncResult(name).get, timeout=0),
        "get again": outcome(result.get, timeout=0),
        "get quietly": outcome(result.get, timeout=0, propagate=False),
        "throw": outcome(result.maybe_throw),
        "don't throw": outcome(result.maybe_throw, propagate=False),
        "backend": [
            outcome(app.backend.get_state, name),
            outcome(app.backend.get_result, name),
            outcome(app.backend.get_traceback, name),
            outcome(app.backend.get_key_for_task, name),
        ],
        "deps": outcome(lambda: list(result.iterdeps())),
        "value": as_value(result),
    }


def as_value(result: Any) -> list[Any]:
    """Return how a result behaves as a value."""
    return [
        repr(result),
        str(result),
        repr(result.as_tuple()),
        result == result.id,
        result == copy.copy(result),
        result == pickle.loads(pickle.dumps(result)),
        result.id in [None, result],
        hash(result) == hash(result.id),
        repr(results.result_from_tuple(result.as_tuple(), app)),
    ]


def described_sets() -> dict[str, Any]:
    """Return how sets of these results behave."""
    good = [app.AsyncResult(name) for name in NAMES[:3]]
    group = app.GroupResult(f"{PREFIX}-group", good)
    mixed = app.GroupResult(
        f"{PREFIX}-mixed", [app.AsyncResult(name) for name in (NAMES[0], BAD[2], NAMES[1])]
    )
    waiting = app.ResultSet([app.AsyncResult(name) for name in (NAMES[0], f"{PREFIX}-nobody")])
    calls: list[Any] = []
    return {
        "get": outcome(group.get),
        "join": outcome(group.join),
        "native": outcome(group.join_native),
        "mixed": outcome(mixed.get),
        "mixed quietly": outcome(mixed.get, propagate=False),
        "mixed join": outcome(mixed.join),
        "waiting": outcome(waiting.join, timeout=0),
        "empty": outcome(app.GroupResult("empty", []).get),
        "callback": outcome(group.get, callback=lambda *given: calls.append(given)),
        "calls": sorted(map(repr, calls)),
        "is": [
            [one.ready(), one.successful(), one.failed(), one.waiting(), one.completed_count()]
            for one in (group, mixed, waiting)
        ],
        "equal": [
            group == app.GroupResult(f"{PREFIX}-group", list(good)),
            group == f"{PREFIX}-group",
            group == mixed,
            app.ResultSet(good) == app.ResultSet(list(good)),
            bool(app.GroupResult(None, [])),
            hash(group) == hash(group.id),
        ],
        "repr": [repr(group), str(group), repr(waiting), repr(group.as_tuple()), len(group)],
        "children": repr(group.children),
        "remove": outcome(group.remove, "no such"),
    }


def described_relations() -> dict[str, Any]:
    """Return chains, trees and graphs."""
    first = app.AsyncResult(BAD[0])
    second = app.AsyncResult(NAMES[0], parent=first)
    third = app.AsyncResult(NAMES[1], parent=second)
    related = app.AsyncResult(f"{PREFIX}-related")
    text = io.StringIO()
    related.graph.to_dot(text)
    return {
        "chain": [repr(third.as_tuple()), third.as_list(), repr(third.parent)],
        "parent fails": outcome(third.get, timeout=0),
        "not followed": outcome(third.get, timeout=0, follow_parents=False),
        "not propagated": outcome(third.get, timeout=0, propagate=False),
        "collect": outcome(lambda: list(related.collect())),
        "leaf": outcome(related.get_leaf),
        "incomplete": outcome(lambda: list(app.AsyncResult("nobody").iterdeps())),
        "graph": [text.getvalue(), repr(list(related.graph)), repr(related.graph.topsort()[-1])],
        "tuples": [
            repr(results.result_from_tuple(given, app).as_tuple())
            for given in (
                ["plain", None],
                [["a", [["b", None], None]], None],
                [["g", None], [[["x", None], None]]],
            )
        ],
        "no id": outcome(results.AsyncResult, None)[:2],
    }


def described_eager() -> list[Any]:
    """Return how eager results behave."""
    told = []
    for value, state in ((1, "SUCCESS"), (KeyError("k"), "FAILURE"), (Local(), "RETRY")):
        result = results.EagerResult("eager", value, state, traceback="tb", name="add")
        told.append(
            [
                *(result.ready(), result.successful(), result.failed(), result.traceback),
                *(result.state, result.status, shown(result.result), result.name, repr(result)),
                *(outcome(result.get), outcome(result.get, propagate=False), result.children),
                *(result.supports_native_join, repr(result.as_tuple()), result == "eager"),
            ]
        )
        result.revoke()
        told.append([result.state, outcome(result.get), result.traceback])
    with results.denied_join_result():
        told.append(outcome(app.AsyncResult(NAMES[0]).get)[:2])
        with results.allow_join_result():
            told.append(outcome(app.AsyncResult(NAMES[0]).get))
    return told


def main() -> None:
    """Do what was asked, and print what was seen."""
    if ACTION == "write":
        write()
        sys.stdout.write("null")
        return
    told = {
        "results": {
            name: described(name) for name in (*NAMES, *BAD, *(f"{PREFIX}-{o}" for o in OTHERS))
        },
        "sets": described_sets(),
        "relations": described_relations(),
        "eager": described_eager(),
    }
    sys.stdout.write(json.dumps(told))


main()
