"""Hard deadlines of tasks, readable from outside a process that can execute no Python code.

A task that holds the interpreter's lock in C code stops every thread of its process, also the one
that enforces time limits. So each thread that begins a task with a hard limit writes it into a
small file that the lease renewer maps into memory, too: a few hundred nanoseconds, and no message
passes between the processes.
"""

from __future__ import annotations

import contextlib
import mmap
import os
import struct
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from taskhub.worker.runtime_directory import runtime_directory

#: Slots of a file, one for each thread that runs limited tasks; further threads are not seen from
#: outside.
SLOTS = 256
#: Bytes of a slot: the deadline, the lengths of key and token, both.
SIZE = 512
_HEAD = struct.Struct("dHH")
_ROOM = SIZE - _HEAD.size


class Deadline(NamedTuple):
    """The time at which a delivery of a task must have ended."""

    #: By `time.monotonic`, which all processes of a host share.
    at: float
    key: str
    token: str


def deadlines_file(process: int) -> Path:
    """Return the deadlines file of a process."""
    return runtime_directory() / f"deadlines-{process}"


class DeadlineBoard:
    """The deadlines of this process, written by its threads."""

    def __init__(self, path: Path | None) -> None:
        self._lock = threading.Lock()
        self._slots: dict[int, int] = {}
        self._map = mmap.mmap(-1, SLOTS * SIZE)
        if path is not None:
            # A new file: a process that maps an old one would end by SIGBUS if that were truncated.
            path.unlink(missing_ok=True)
            with path.open("xb+") as file:
                file.truncate(SLOTS * SIZE)
                self._map = mmap.mmap(file.fileno(), SLOTS * SIZE)

    @classmethod
    def of_this_process(cls) -> DeadlineBoard:
        """Return a new board; one in private memory where its file cannot be made."""
        with contextlib.suppress(OSError):
            return cls(deadlines_file(os.getpid()))
        return cls(None)

    def write(self, thread: int, at: float, key: str, token: str) -> None:
        """Write when a thread's task must have ended."""
        slot = self._slots.get(thread)
        if slot is None:
            with self._lock:
                slot = self._slots.setdefault(thread, len(self._slots))
        encoded, proof = key.encode(), token.encode()
        if slot >= SLOTS or len(encoded) + len(proof) > _ROOM:
            return
        start = slot * SIZE
        # Not readable until it is complete.
        _HEAD.pack_into(self._map, start, 0.0, len(encoded), len(proof))
        text = start + _HEAD.size
        self._map[text : text + len(encoded) + len(proof)] = encoded + proof
        struct.pack_into("d", self._map, start, at)

    def clear(self, thread: int, token: str | None = None) -> None:
        """Clear the deadline of a thread; with `token` only if it is that delivery's."""
        slot = self._slots.get(thread)
        if slot is None or slot >= SLOTS:
            return
        if token is not None:
            written = _read(self._map, slot)
            if written is None or written.token != token:
                return
        struct.pack_into("d", self._map, slot * SIZE, 0.0)


def read_deadlines(process: int) -> Iterator[Deadline]:
    """Yield the deadlines of a process."""
    try:
        with deadlines_file(process).open("rb") as file:
            mapped = mmap.mmap(file.fileno(), SLOTS * SIZE, access=mmap.ACCESS_READ)
    except (OSError, ValueError):
        return
    with mapped:
        for slot in range(SLOTS):
            found = _read(mapped, slot)
            if found is not None:
                yield found


def remove_deadlines(process: int) -> None:
    """Remove the file of a process that is gone."""
    with contextlib.suppress(OSError):
        deadlines_file(process).unlink()


def _read(mapped: mmap.mmap, slot: int) -> Deadline | None:
    start = slot * SIZE
    at, key_size, token_size = _HEAD.unpack_from(mapped, start)
    if at == 0.0 or key_size + token_size > _ROOM:
        return None
    text = start + _HEAD.size
    key = mapped[text : text + key_size]
    token = mapped[text + key_size : text + key_size + token_size]
    if struct.unpack_from("d", mapped, start)[0] != at:
        # It was overwritten meanwhile.
        return None
    try:
        return Deadline(at, key.decode(), token.decode())
    except UnicodeDecodeError:
        return None
