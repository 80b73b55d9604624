"""Calls the tasks of `tasks.py` and prints what came of it, as JSON."""

import datetime
import json
import sys
import time

import tasks
from tasks import app


def outcome(result):
    try:
        value = result.get(timeout=15)
    except tasks.exceptions.TimeoutError:
        # Lost, or late: that is nothing to compare.
        raise
    except Exception as error:
        value = [type(error).__name__, str(error)]
    return [result.state, value]


def eventually(look, wanted):
    deadline = time.monotonic() + 15
    while (found := look()) != wanted and time.monotonic() < deadline:
        time.sleep(0.02)
    return found


FAR = datetime.datetime(2040, 1, 2, 3, 4, 5, tzinfo=datetime.UTC)
look = tasks.look

CASES = {
    "plain": lambda: outcome(look.apply_async((1, "a"), {"b": 2}, task_id="plain")),
    "empty": lambda: outcome(look.apply_async(task_id="empty")),
    "headers": lambda: outcome(
        look.apply_async(task_id="headers", headers={"x-custom": 1, "my_header": {"a": [1]}})
    ),
    "headers_named_as_parts": lambda: outcome(
        tasks.parts.apply_async(
            task_id="parts",
            headers={"x-custom": 1, "chord": ["x", None], "chain": [1], "callbacks": [2], "errbacks": [3]},
        )
    ),
    "properties": lambda: outcome(
        tasks.properties.apply_async(task_id="properties", app_id="shop", once={"keys": ["x"]})
    ),
    "options": lambda: outcome(
        look.apply_async(
            task_id="options", expires=FAR, time_limit=60, soft_time_limit=30, shadow="other", root_id="r",
            parent_id="p", group_id="g", group_index=2, retries=1, argsrepr="(..)", kwargsrepr="{..}",
            replaced_task_nesting=1, ignore_result=False, stamped_headers=["s"], s="v",
        )
    ),
    "past": lambda: outcome(
        look.apply_async(task_id="past", eta=datetime.datetime(2020, 1, 2, tzinfo=datetime.UTC))
    ),
    "priority": lambda: outcome(look.apply_async(task_id="priority", priority=7)),
    "by_name": lambda: outcome(app.send_task("look", (1,), task_id="by_name", ignore_result=False)),
    "pickled": lambda: outcome(look.apply_async((b"x", (1, 2)), task_id="pickled", serializer="pickle"))[0],
    "limited": lambda: outcome(tasks.limited.apply_async(task_id="limited")),
    "retried": lambda: outcome(
        tasks.retried.apply_async((1,), {"y": 5}, task_id="retried", headers={"x-custom": 3})
    ),
    "exceeded": lambda: outcome(tasks.exceeded.apply_async(task_id="exceeded")),
    "exceeded_with": lambda: outcome(tasks.exceeded_with.apply_async(task_id="exceeded_with")),
    "automatic": lambda: outcome(tasks.automatic.apply_async(task_id="automatic")),
    "parent": lambda: [
        outcome(tasks.parent.apply_async(task_id="parent")),
        outcome(app.AsyncResult("parent-child")),
        [child.id for child in app.AsyncResult("parent").children],
    ],
    "calls_itself": lambda: outcome(tasks.calls_itself.apply_async(task_id="calls_itself")),
    "progress": lambda: outcome(tasks.progress.apply_async(task_id="progress")),
    "own_state": lambda: [
        tasks.own_state.apply_async(task_id="own_state").id,
        eventually(lambda: app.AsyncResult("own_state").state, "MINE"),
        app.AsyncResult("own_state").info,
    ],
    "failing": lambda: [
        outcome(tasks.failing.apply_async(task_id="f1")),
        outcome(tasks.failing.apply_async(("KeyError",), task_id="f2")),
        "ValueError" in str(app.AsyncResult("f1").traceback),
    ],
    "ignored": lambda: [
        outcome(tasks.slow.apply_async((0,), task_id="before")),
        tasks.ignored.apply_async(task_id="ignored").get(timeout=15),
        eventually(lambda: outcome(tasks.slow.apply_async((0,), task_id="after")), ["SUCCESS", 0]),
        app.AsyncResult("ignored").state,
        outcome(tasks.ignored.apply_async(task_id="not_ignored", ignore_result=False)),
        tasks.ignored_failure.apply_async(task_id="ignored_failure").id,
        eventually(lambda: app.AsyncResult("ignored_failure").state, "FAILURE"),
    ],
    "expired": lambda: [
        look.apply_async(task_id="expired", countdown=0.05, expires=0.01).id,
        eventually(lambda: app.AsyncResult("expired").state, "REVOKED"),
        type(app.AsyncResult("expired").result).__name__,
    ],
    "links": lambda: [
        outcome(
            tasks.with_links.apply_async(
                (1,), task_id="links", link=[tasks.with_links.s(2).set(task_id="linked")],
                link_error=[tasks.note.s().set(task_id="not called")],
            )
        ),
        outcome(app.AsyncResult("linked")),
        outcome(
            tasks.failing.apply_async(
                task_id="failed", link=look.s(), link_error=[tasks.note.s("x").set(task_id="noted"), tasks.errback.s()]
            )
        ),
        outcome(app.AsyncResult("noted")),
    ],
    "handled": lambda: [
        outcome(tasks.handled.apply_async(("work",), task_id="h1")),
        outcome(tasks.handled.apply_async(("fail",), task_id="h2")),
        outcome(tasks.handled.apply_async(("retry",), task_id="h3")),
        outcome(tasks.recorded.delay())[1],
    ],
    "stored": lambda: [
        {
            name: app.AsyncResult(task_id)._get_task_meta().get(name)
            for name in ("status", "name", "args", "kwargs", "retries", "queue", "group_id", "children")
        }
        for task_id in ("plain", "options", "retried")
    ],
}  # fmt: skip

if __name__ == "__main__":
    json.dump({name: case() for name, case in CASES.items()}, sys.stdout, default=repr)
