"""The deadlines of a process's tasks, where the keeper sees them even if the process can execute no Python code.

A task that holds the interpreter's lock in C code stops every thread of its process, also the one that keeps time
limits. So each thread that begins a task with a hard limit notes it in a small file that both map into memory: a few
hundred nanoseconds, and no word needs to pass between the processes.
"""

from __future__ import annotations

import contextlib
import mmap
import os
import struct
import tempfile
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

#: A file has so many slots, one for each thread that runs limited tasks; more are not seen from outside.
SLOTS = 256
#: Bytes of a slot: the deadline, the lengths of key and token, both.
SIZE = 512
_HEAD = struct.Struct("dHH")
_ROOM = SIZE - _HEAD.size


class Deadline(NamedTuple):
    """When a task must have ended, and which delivery it is."""

    #: By `time.monotonic`, which all processes of a host share.
    at: float
    key: str
    token: str


def directory() -> Path:
    """Return where the processes of this user meet.

    Raises:
      PermissionError: it belongs to somebody else.
    """
    found = Path(tempfile.gettempdir()) / f"taskhub-{os.getuid()}"
    found.mkdir(mode=0o700, exist_ok=True)
    if found.stat().st_uid != os.getuid():
        raise PermissionError(f"{found} belongs to somebody else; remove it, or set TMPDIR")
    return found


def path_for(process: int) -> Path:
    """Return the file of a process."""
    return directory() / f"deadlines-{process}"


class DeadlineBoard:
    """A process's own deadlines, to be written by its threads."""

    def __init__(self, path: Path | None) -> None:
        self._lock = threading.Lock()
        self._slots: dict[int, int] = {}
        self._map = mmap.mmap(-1, SLOTS * SIZE)
        if path is not None:
            # A file anew: whoever has mapped the one before dies by SIGBUS where that is cut.
            path.unlink(missing_ok=True)
            with path.open("xb+") as file:
                file.truncate(SLOTS * SIZE)
                self._map = mmap.mmap(file.fileno(), SLOTS * SIZE)

    @classmethod
    def of_this_process(cls) -> DeadlineBoard:
        """Return a new board; one that nobody can see where there is no place for it."""
        with contextlib.suppress(OSError):
            return cls(path_for(os.getpid()))
        return cls(None)

    def write(self, thread: int, at: float, key: str, token: str) -> None:
        """Note when a thread's task must have ended."""
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
        """A thread's task needs watching no more; with `token` only if it is still that delivery's."""
        slot = self._slots.get(thread)
        if slot is None or slot >= SLOTS:
            return
        if token is not None:
            noted = _read(self._map, slot)
            if noted is None or noted.token != token:
                return
        struct.pack_into("d", self._map, slot * SIZE, 0.0)


def deadlines_of(process: int) -> Iterator[Deadline]:
    """Yield the deadlines that a process has noted; none if it has noted nothing yet."""
    try:
        with path_for(process).open("rb") as file:
            mapped = mmap.mmap(file.fileno(), SLOTS * SIZE, access=mmap.ACCESS_READ)
    except (OSError, ValueError):
        return
    with mapped:
        for slot in range(SLOTS):
            found = _read(mapped, slot)
            if found is not None:
                yield found


def forget(process: int) -> None:
    """Remove the file of a process that is gone."""
    with contextlib.suppress(OSError):
        path_for(process).unlink()


def _read(mapped: mmap.mmap, slot: int) -> Deadline | None:
    start = slot * SIZE
    at, key_size, token_size = _HEAD.unpack_from(mapped, start)
    if at == 0.0 or key_size + token_size > _ROOM:
        return None
    text = start + _HEAD.size
    key = mapped[text : text + key_size]
    token = mapped[text + key_size : text + key_size + token_size]
    if struct.unpack_from("d", mapped, start)[0] != at:
        # It was written anew meanwhile.
        return None
    try:
        return Deadline(at, key.decode(), token.decode())
    except UnicodeDecodeError:
        return None
