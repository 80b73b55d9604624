"""The setting `task_annotations`: attributes of tasks that the configuration decides."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from importlib import import_module
from typing import Any


def annotations_for(task: Any, setting: Any) -> Iterator[tuple[str, Any]]:
    """Yield the attributes that the setting gives to a task.

    As in Celery, the first entry that knows the task's name counts, and then the first for all of
    them ("*").

    Parameters:
      setting: a mapping from names to attributes, an object with `annotate(task)` or
        `annotate_any()`, the path of a
        class of such objects, or a list of these.
    """
    entries = [_entry(one) for one in setting] if isinstance(setting, list | tuple) else []
    if setting and not entries:
        entries = [_entry(setting)]
    for method, arguments in (("annotate", (task,)), ("annotate_any", ())):
        for entry in entries:
            found = getattr(entry, method, _nothing)(*arguments)
            if found is not None:
                yield from dict(found).items()
                break


class _Table:
    def __init__(self, table: Mapping[str, Any]) -> None:
        self._table = table

    def annotate(self, task: Any) -> Any:
        return self._table.get(task.name)

    def annotate_any(self) -> Any:
        return self._table.get("*")


def _entry(entry: Any) -> Any:
    if isinstance(entry, Mapping):
        return _Table(entry)
    if isinstance(entry, str):
        module, _, name = entry.replace(":", ".").rpartition(".")
        return getattr(import_module(module), name)()
    return entry


def _nothing(*_: Any) -> None:
    """Stands for a method that an annotation object lacks."""
