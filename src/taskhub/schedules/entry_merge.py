"""Merge of entries from three sources: the store, `beat_schedule` and the application.

Fields that were changed at run time take precedence over the configuration, until they are reset;
`beat_schedule` takes precedence over the application's entries.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Any, NamedTuple

from taskhub.command_hint import command_hint
from taskhub.exceptions import DecodeError
from taskhub.schedules.entry import Entry, EntryError, Origin, marked, read_entry
from taskhub.serialization.json import dumps, loads

if TYPE_CHECKING:
    from taskhub.app.app import Celery


@dataclass(frozen=True, kw_only=True)
class Stored:
    """What is stored of an entry: the fields that were set at run time, by whom and when."""

    fields: Mapping[str, Any] = field(default_factory=dict)
    #: It was removed, although the configuration still has it.
    removed: bool = False
    by: str = ""
    at: datetime

    def to_json(self) -> bytes:
        """Return the stored form.

        Raises:
            EncodeError: An argument cannot be serialized.
        """
        return dumps(
            {"set": dict(self.fields), "removed": self.removed, "by": self.by, "at": self.at},
            name="entry",
        ).encode()

    @classmethod
    def from_json(cls, document: bytes) -> Stored:
        """Read back what `to_json` wrote.

        Raises:
            DecodeError: It is something else.
        """
        found = loads(document)
        try:
            return cls(
                fields=found["set"], removed=found["removed"], by=found["by"], at=found["at"]
            )
        except (KeyError, TypeError) as error:
            raise DecodeError(f"{document[:100]!r} is no stored entry") from error


class Merged(NamedTuple):
    """The entries by name, and the problems of invalid ones."""

    entries: dict[str, Entry]
    #: Entry -> one line.
    problems: dict[str, str]
    #: The names of those that were removed at run time, although the configuration has them.
    removed: tuple[str, ...] = ()


def merge(
    application: Mapping[str, Any],
    configured: Mapping[str, Any],
    stored: Mapping[str, bytes],
    app: Celery | None = None,
) -> Merged:
    """Return the entries of all three sources.

    Args:
        application: The application's entries: name -> fields.
        configured: The setting `beat_schedule`.
        stored: Name -> document of `Stored.to_json`.
        app: The app whose time zone counts.
    """
    merged = Merged({}, {})
    removed = []
    for name in dict.fromkeys((*application, *configured, *stored)):
        origin: Origin = "store"
        base: Any = {}
        if name in configured:
            origin, base = "configuration", configured[name]
        elif name in application:
            origin, base = "application", application[name]
        try:
            found = Stored.from_json(stored[name]) if name in stored else None
            if found is not None and found.removed:
                removed.append(name)
            else:
                merged.entries[name] = _one(name, base, found, origin, app)
        except EntryError as error:
            merged.problems[name] = str(error)
        except DecodeError as error:
            merged.problems[name] = f"entry {name!r} cannot be read from the store: {error}"
    return merged._replace(removed=tuple(removed))


def _one(name: str, base: Any, stored: Stored | None, origin: Origin, app: Celery | None) -> Entry:
    if stored is None:
        return read_entry(name, base, app, origin)
    if origin == "store" and not stored.fields.keys() >= {"task", "schedule"}:
        raise EntryError(
            f"entry {name!r} is not in the configuration any more, only what was changed about it "
            f"at run time: {command_hint('schedule', 'remove', name)} drops that"
        )
    fields = {**(base if isinstance(base, Mapping) else {}), **stored.fields}
    return marked(
        read_entry(name, fields, app, origin), sorted(stored.fields), stored.by, stored.at
    )


def overlay(entries: Mapping[str, Any], changes: Mapping[str, Any] | None) -> dict[str, Any]:
    """Return entries with some fields changed: name -> fields; None leaves the entry out."""
    found = {name: dict(fields) for name, fields in entries.items()}
    for name, fields in (changes or {}).items():
        if fields is None:
            found.pop(name, None)
        elif isinstance(fields, Mapping):
            found[name] = {**found.get(name, {}), **fields}
        else:
            found[name] = fields
    return found
