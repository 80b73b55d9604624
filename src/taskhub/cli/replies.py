"""Replies of workers as text; under the name `celery` in Celery's own format."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Mapping
from datetime import datetime
from pprint import pformat
from textwrap import indent
from typing import Any

import click

from taskhub.cli.output import as_json, on_one_line, table
from taskhub.humanize import duration

_CELERYS_INDENT = "    "


def show_reply(command: str, reply: Mapping[str, Any]) -> None:
    """Print a reply, `{node: reply}`: as a table, where there are rows, otherwise as text."""
    for node, value in reply.items():
        if isinstance(value, dict) and set(value) == {"error"}:
            _head(node, "ERROR", "red")
            _indent(str(value["error"]))
        elif isinstance(value, dict) and set(value) == {"ok"}:
            _head(node, "OK", "green")
            _indent(_text(value["ok"]))
        elif command in _TABLES:
            columns, row = _TABLES[command]
            _head(node, "OK", "green")
            rows = [row(item) for item in _items(value)]
            table("", columns, rows, "- empty -", cut=("arguments",))
        else:
            _head(node, "OK", "green")
            _tree(value)


def show_celery_reply(reply: Mapping[str, Any], *, body: bool = True) -> None:
    """Print a reply, `{node: reply}`, as Celery's command does.

    Args:
        body: Whether to print what was replied, or only that it was.
    """
    for node, value in reply.items():
        failed = isinstance(value, dict) and "error" in value and "ok" not in value
        _head(node, *(("ERROR", "red") if failed else ("OK", "green")))
        if body:
            _indent(_celery_text(value))


def _celery_text(value: Any) -> str:
    """Return a reply in the format of Celery's command."""
    if isinstance(value, list):
        return "\n".join(f"* {item}" for item in value) or "- empty -"
    if isinstance(value, dict):
        for name in ("ok", "error"):
            if name in value:
                return indent(_celery_text(value[name]), _CELERYS_INDENT)
        return json.dumps(value, sort_keys=True, indent=4, default=str)
    return value if isinstance(value, str) else pformat(value)


def _head(node: str, word: str, colour: str) -> None:
    click.echo(f"->  {click.style(node, bold=True)}: {click.style(word, fg=colour)}")


def _indent(text: str, depth: int = 1) -> None:
    for line in text.splitlines() or [""]:
        click.echo(f"{'    ' * depth}{line}")


def _text(value: Any) -> str:
    return value if isinstance(value, str) else as_json(value)


def _tree(value: Any, depth: int = 1) -> None:
    """Print nested values, a line for each leaf."""
    if isinstance(value, dict) and value:
        for name, item in value.items():
            if isinstance(item, dict | list) and item:
                _indent(f"{name}:", depth)
                _tree(item, depth + 1)
            else:
                _indent(f"{name}: {_text(item)}", depth)
    elif isinstance(value, list) and value:
        for item in value:
            if isinstance(item, dict | list):
                _tree(item, depth)
            else:
                _indent(f"* {_text(item)}", depth)
    else:
        _indent("- empty -" if value in ({}, [], None) else _text(value), depth)


# -- tables: of each item, a row


def _items(value: Any) -> list[Any]:
    """Return the items of a reply; those of a dictionary with their names before them."""
    if isinstance(value, dict):
        return [(name, *item) for name, item in value.items()]
    return list(value or ())


def _task(task: Mapping[str, Any]) -> tuple[Any, ...]:
    arguments = [
        item if isinstance(item, str) else as_json(item)
        for item in (task["args"], task["kwargs"])
        if item
    ]
    return task["id"], task["name"], on_one_line(" ".join(arguments))


def _active(task: Mapping[str, Any]) -> tuple[Any, ...]:
    ran = duration(time.time() - task["time_start"]) if task["time_start"] else "-"
    return (*_task(task), ran, task["worker_pid"])


def _reserved(task: Mapping[str, Any]) -> tuple[Any, ...]:
    return (*_task(task), task["delivery_info"]["routing_key"])


def _scheduled(entry: Mapping[str, Any]) -> tuple[Any, ...]:
    left = datetime.fromisoformat(entry["eta"]).timestamp() - time.time()
    return (*_task(entry["request"]), entry["priority"], duration(left))


def _found(item: tuple[str, str, Mapping[str, Any]]) -> tuple[Any, ...]:
    return (*_task(item[2]), item[1])


def _queue(queue: Mapping[str, Any]) -> tuple[Any, ...]:
    return queue["name"], queue["exchange"]["name"], queue["routing_key"]


_TASK = ("id", "task", "arguments")
_TABLES: dict[str, tuple[tuple[str, ...], Callable[[Any], tuple[Any, ...]]]] = {
    "active": ((*_TASK, "runs for", "process"), _active),
    "reserved": ((*_TASK, "queue"), _reserved),
    "scheduled": ((*_TASK, "priority", "due in"), _scheduled),
    "query_task": ((*_TASK, "state"), _found),
    "active_queues": (("name", "exchange", "routing key"), _queue),
}
