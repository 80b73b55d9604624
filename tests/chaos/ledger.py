"""Two records that taskhub neither writes nor reads, from which it is found out what really happened.

**Notes** are lines of a file that task bodies append to: what ran, in which process, as which delivery. Bodies may run
more than once, so notes alone cannot tell whether anything was published twice.

**Writes** are the store's own append-only file, which the server keeps for itself and which is never rewritten here.
It holds every write that was applied, in order, each script's between MULTI and EXEC: every message published, by id
and by label; every message that ended; every result stored. That is what the exactly-once promise is about, so this
is where it is counted. A write that had no effect is not in the file.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

#: Names the file of the notes, to those who write them.
NOTES_VARIABLE = "TASKHUB_CHAOS_NOTES"
#: States that no task leaves again.
ENDED = frozenset({"SUCCESS", "FAILURE", "REVOKED"})

_descriptors: dict[tuple[int, str], int] = {}


class Note(NamedTuple):
    """What a body did: "begin" or "end"."""

    word: str
    #: Seconds since the epoch.
    at: float
    process: int
    label: str
    task_id: str
    #: The message's key in the store.
    key: str
    #: Which try of the task this is, from 0.
    retries: int
    #: Which delivery of this try, from 1.
    delivery: int


def write_note(path: str, note: Note) -> None:
    """Append a note; a line is never mixed with another's, and outlives the process."""
    place = (os.getpid(), path)
    if place not in _descriptors:
        _descriptors[place] = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT)
    os.write(_descriptors[place], json.dumps(note).encode() + b"\n")


def read_notes(path: Path) -> list[Note]:
    """Return all notes, in the order in which they were written."""
    if not path.exists():
        return []
    lines = path.read_text("utf-8").split("\n")[:-1]
    return [Note(*json.loads(line)) for line in lines]


class Published(NamedTuple):
    """A message that was stored."""

    key: str
    task_id: str
    actor: str
    #: "" for the library's own tasks.
    label: str
    retries: int


class Removed(NamedTuple):
    """A message that is no longer stored: its task has ended, or leaves a retry."""

    key: str


class PutBack(NamedTuple):
    """A message that was taken out and stored again as it was, in one step: the store was out of reach when a worker
    needed it to begin or to end the task.
    """

    key: str


class Stored(NamedTuple):
    """A result document that was stored."""

    task_id: str
    state: str


Write = Published | Removed | PutBack | Stored


def read_writes(directory: Path, namespace: str) -> Iterator[Write]:
    """Yield what a store with its append-only file in this directory has written for an application."""
    messages = f"{{{namespace}}}:messages".encode()
    records: dict[bytes, bytes] = {}
    for transaction in _transactions(directory):
        removed: dict[bytes, bytes] = {}
        writes: list[Write] = []
        for command in transaction:
            match command:
                case [b"HSET" | b"HSETNX" | b"HMSET", name, *pairs] if name == messages:
                    for key, record in zip(pairs[::2], pairs[1::2], strict=True):
                        records[key] = record
                        if removed.pop(key, None) == record:
                            writes.remove(Removed(key.decode()))
                            writes.append(PutBack(key.decode()))
                        else:
                            writes.append(_published(key, record))
                case [b"HDEL", name, *keys] if name == messages:
                    for key in keys:
                        removed[key] = records.pop(key, b"")
                        writes.append(Removed(key.decode()))
                case [b"SET", name, document, *_] if name.startswith(b"celery-task-meta-"):
                    found = json.loads(document)
                    writes.append(Stored(found["task_id"], found["status"]))
        yield from writes


def _published(key: bytes, record: bytes) -> Published:
    _, _, task_id, body = record.split(b"\n", 3)
    message = json.loads(body)
    return Published(
        key.decode(),
        task_id.decode(),
        message["actor_name"],
        message["kwargs"].get("label", ""),
        message["options"].get("retries") or 0,
    )


def _transactions(directory: Path) -> Iterator[list[list[bytes]]]:
    """Yield the commands that were applied together."""
    together: list[list[bytes]] | None = None
    for command in _commands(directory):
        match command:
            case [b"MULTI"]:
                together = []
            case [b"EXEC"]:
                yield together or []
                together = None
            case _ if together is not None:
                together.append(command)
            case _:
                yield [command]


def _commands(directory: Path) -> Iterator[list[bytes]]:
    files = sorted(
        (directory / "appendonlydir").glob("*.incr.aof"),
        key=lambda path: int(path.name.split(".")[-3]),
    )
    for path in files:
        with path.open("rb") as file:
            while head := file.readline():
                if head.startswith(b"#"):
                    continue
                command = []
                for _ in range(int(head[1:])):
                    length = int(file.readline()[1:])
                    command.append(file.read(length))
                    file.read(2)
                command[0] = command[0].upper()
                yield command
