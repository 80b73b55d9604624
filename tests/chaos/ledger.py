"""Two records that taskhub neither writes nor reads, from which it is found out what really happened.

**Notes** are lines of a file that task bodies append to: what ran, in which process, as which
delivery. Bodies may run more than once, so notes alone cannot tell whether anything was published
twice.

**Writes** are the store's own append-only file, which the server keeps for itself and which is
never rewritten here. It holds every write that was applied, in order, each script's between MULTI
and EXEC: every message published, by id and by label; every message that ended; every result
stored. That is what the exactly-once promise is about, so this is where it is counted. A write that
had no effect is not in the file.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Final, NamedTuple

#: Names the file of the notes, to those who write them.
NOTES_VARIABLE = "TASKHUB_CHAOS_NOTES"
#: States that no task leaves again.
ENDED = frozenset({"SUCCESS", "FAILURE", "REVOKED"})

#: What a worker that starts writes and removes, to see whether it may: ends keys and names fields.
_TRIED = b"\0none"

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


class Dead(NamedTuple):
    """A dead letter that was stored."""

    task_id: str
    #: "" for the library's own tasks.
    label: str
    retries: int
    #: JSON text.
    reason: str


class Kept(NamedTuple):
    """A message of a failed task that was kept, so that it can be retried."""

    key: str
    task_id: str
    #: "" for the library's own tasks.
    label: str
    retries: int


class Marked(NamedTuple):
    """A mark that the run itself has set, between two parts of it."""

    name: str


Write = Published | Removed | PutBack | Stored | Dead | Kept | Marked

#: What the key of a mark begins with.
MARK: Final = "chaos:mark:"


def read_writes(directory: Path, namespace: str) -> Iterator[Write]:
    """Yield what a store with its append-only file in this directory has written for an application.

    Of what was applied together, only what is left of it counts: a script undoes what it wrote when
    it is refused.
    """
    records: dict[bytes, bytes] = {}
    for transaction in _transactions(directory):
        yield from _Step(transaction, namespace, records).writes()


class _Step:
    """Commands that were applied together.

    Args:
        records: The messages that are stored, by their keys; brought up to date.
    """

    def __init__(
        self, transaction: list[list[bytes]], namespace: str, records: dict[bytes, bytes]
    ) -> None:
        self._records = records
        self._names = {
            f"{{{namespace}}}:{name}".encode(): name
            for name in ("messages", "dead:messages", "failed:messages")
        }
        self._claims = f"{{{namespace}}}:claims:".encode()
        #: Of each message that was touched, what was stored before.
        self._before: dict[bytes, bytes | None] = {}
        #: The messages whose claims ended.
        self._ended: set[bytes] = set()
        self._documents: dict[bytes, list[Stored]] = {}
        self._dead: dict[bytes, Dead] = {}
        self._kept: dict[bytes, Kept] = {}
        self._marks: list[Marked] = []
        for command in transaction:
            self._apply(command)

    def _apply(self, command: list[bytes]) -> None:
        if len(command) > 1 and command[1].endswith(_TRIED):
            return
        match command:
            case [b"HSET" | b"HSETNX" | b"HMSET", name, *pairs]:
                for key, value in zip(pairs[::2], pairs[1::2], strict=True):
                    self._set(name, key, value)
            case [b"HDEL", name, *keys]:
                for key in keys:
                    self._set(name, key, None)
            case [b"SET", name, document, *options] if name.startswith(b"celery-task-meta-"):
                stored = self._documents.setdefault(name, [])
                if b"KEEPTTL" in [option.upper() for option in options]:
                    del stored[-1:]
                else:
                    found = json.loads(document)
                    stored.append(Stored(found["task_id"], found["status"]))
            case [b"SET", name, *_] if name.startswith(MARK.encode()):
                self._marks.append(Marked(name.decode().removeprefix(MARK)))
            case [b"DEL", name] if name in self._documents:
                del self._documents[name][-1:]

    def _set(self, name: bytes, key: bytes, value: bytes | None) -> None:
        """Note a field of a hash that was set, or removed."""
        if key == _TRIED:
            return
        if name.startswith(self._claims):
            if value is None:
                self._ended.add(key)
            else:
                self._ended.discard(key)
        match self._names.get(name):
            case "messages":
                self._before.setdefault(key, self._records.get(key))
                if value is not None:
                    self._records[key] = value
                else:
                    self._records.pop(key, None)
            case "dead:messages" if value is None:
                self._dead.pop(key, None)
            case "dead:messages":
                reason, _, record = (value or b"").partition(b"\n")
                lost = _published(key, record)
                self._dead[key] = Dead(lost.task_id, lost.label, lost.retries, reason.decode())
            case "failed:messages" if value is None:
                self._kept.pop(key, None)
            case "failed:messages":
                failed = _published(key, (value or b"").partition(b"\n")[2])
                self._kept[key] = Kept(failed.key, failed.task_id, failed.label, failed.retries)

    def writes(self) -> Iterator[Write]:
        """Yield what was written, and is not undone."""
        changed = {
            key: (old, self._records.get(key))
            for key, old in self._before.items()
            if old != self._records.get(key)
        }
        yield from (Removed(key.decode()) for key, (old, _) in changed.items() if old is not None)
        for key in self._before.keys() - changed.keys():
            if key in self._ended and key in self._records:
                yield PutBack(key.decode())
        for key, (_, record) in changed.items():
            if record is not None:
                yield _published(key, record)
        for documents in self._documents.values():
            yield from documents
        yield from self._dead.values()
        yield from self._kept.values()
        yield from self._marks


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
