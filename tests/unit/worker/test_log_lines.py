"""Log lines, plain and as JSON, with the task that logs them."""

from __future__ import annotations

import json
import logging
import sys

from taskhub.execution.request import Context, entered
from taskhub.logs.formatters import JsonFormatter, TaskFormatter

REQUEST = Context(id="7", task="shop.pay")


def record(
    message: str = "hello %s", *args: object, name: str = "shop", **more: object
) -> logging.LogRecord:
    made = logging.LogRecord(name, logging.WARNING, __file__, 1, message, args or ("you",), None)
    vars(made).update(more)
    return made


def test_a_line_of_a_task_names_it_in_the_format_of_the_settings() -> None:
    formatter = TaskFormatter("%(message)s", "%(task_name)s[%(task_id)s] %(message)s")
    assert formatter.format(record()) == "hello you"
    with entered(REQUEST):
        assert formatter.format(record()) == "shop.pay[7] hello you"


def test_the_line_of_a_tasks_end_names_it_once() -> None:
    formatter = TaskFormatter("%(message)s", "%(task_name)s %(message)s")
    with entered(REQUEST):
        assert formatter.format(record("ended", name="taskhub.trace", args=())) == "ended"


def test_times_of_tasks_have_a_format_of_their_own() -> None:
    formatter = TaskFormatter("%(asctime)s", "%(asctime)s", "line", "task")
    assert formatter.format(record()) == "line"
    with entered(REQUEST):
        assert formatter.format(record()) == "task"


def test_json_is_one_object_on_one_line_whatever_is_logged() -> None:
    line = JsonFormatter().format(record("two\nlines: %s", "é"))
    assert "\n" not in line
    fields = json.loads(line)
    assert fields["message"] == "two\nlines: é"
    assert (fields["level"], fields["logger"]) == ("WARNING", "shop")
    assert fields["time"].endswith("+00:00")
    assert "task_id" not in fields


def test_json_has_the_task_the_error_and_what_was_given_as_extra() -> None:
    try:
        raise ValueError("broken")
    except ValueError:
        info = sys.exc_info()
    with entered(REQUEST):
        fields = json.loads(JsonFormatter().format(record(exc_info=info, order=3, odd=object)))
    assert (fields["task_id"], fields["task_name"]) == ("7", "shop.pay")
    assert fields["exception"].endswith("ValueError: broken")
    assert fields["order"] == 3
    assert fields["odd"] == "<class 'object'>"
